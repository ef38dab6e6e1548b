/* The heaviest phase of the quarter in plain C: the willingness of citizens (simulation/engine.py,
 * _citizens_willingness, _strip and mean). What a careful C programmer would write, to measure the engine against.
 *
 * Same arithmetic in the same order, so the same bits: columns are float, everything else is double, nothing is
 * contracted or rearranged (-ffp-contract=off, no -ffast-math). benchmarks/in_c.py builds it and compares.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define STRIP 512
#define GOLDEN 0x9E3779B97F4A7C15u
#define SILVER 0xD1B54A32D192ED03u

/* The parameters of the phase, by the names of params/. in_c.py declares the same fields in the same order. */
typedef struct {
    double b_c, wN, wS, wT, wU, k, U, ups, x_lever, beta, lo, hi, a, noise, cover;
} parameters;

/* One municipality: where its citizens lie, what they share, and the two means that the phase leaves behind. */
typedef struct {
    int64_t first, citizens, services;
    double social_capital, citizens_willingness, neighbours_willingness;
} municipality;

/* ---- luck (simulation/luck.py) */

static inline uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline uint64_t address(uint64_t seed, uint64_t stream, int64_t quarter, int64_t entity) {
    uint64_t key = mix(seed + GOLDEN);
    key = mix(key + (uint64_t)(quarter + 1) * GOLDEN);
    key = mix(key + (uint64_t)(entity + 1) * GOLDEN);
    return key + stream * SILVER;
}

static inline double uniform(uint64_t key, int64_t index) {
    return (double)(int64_t)(mix(key + ((uint64_t)index + 1) * GOLDEN) >> 11) * 0x1p-53;
}

/* ---- arithmetic (simulation/rules/numbers.py) */

static inline double greater(double x, double y) { return x > y ? x : y; }
static inline double smaller(double x, double y) { return x < y ? x : y; }

static inline double own_exp(double x) {
    double r = smaller(greater(x, -40.0), 40.0) * (1.0 / 256.0);
    double p = 1.0 + r * (1.0 + r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720))))));
    p = p * p;
    p = p * p;
    p = p * p;
    p = p * p;
    p = p * p;
    p = p * p;
    p = p * p;
    return p * p;
}

static inline double own_log(double x) {
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    double exponent = (double)((bits >> 52) - 1023);
    bits = (bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000;
    double m;
    memcpy(&m, &bits, sizeof m);
    int large = m > 1.4142135623730951;
    m = large ? m * 0.5 : m;
    exponent = large ? exponent + 1.0 : exponent;
    double s = (m - 1.0) / (m + 1.0), z = s * s;
    double series = 1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13 + z * (1.0 / 15)));
    return exponent * 0.6931471805599453
        + 2.0 * s * (1.0 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * series))));
}

static inline double normal_quantile(double u) {
    double x = 2.0 * smaller(greater(u, 0x1p-22), 1.0 - 0x1p-22) - 1.0;
    double w = -own_log((1.0 - x) * (1.0 + x));
    double a = w - 2.5;
    double p = 2.81022636e-08;
    p = 3.43273939e-07 + p * a;
    p = -3.5233877e-06 + p * a;
    p = -4.39150654e-06 + p * a;
    p = 0.00021858087 + p * a;
    p = -0.00125372503 + p * a;
    p = -0.00417768164 + p * a;
    p = 0.246640727 + p * a;
    p = 1.50140941 + p * a;
    double b = sqrt(w) - 3.0;
    double q = -0.000200214257;
    q = 0.000100950558 + q * b;
    q = 0.00134934322 + q * b;
    q = -0.00367342844 + q * b;
    q = 0.00573950773 + q * b;
    q = -0.0076224613 + q * b;
    q = 0.00943887047 + q * b;
    q = 1.00167406 + q * b;
    q = 2.83297682 + q * b;
    return (w < 5.0 ? p : q) * x * 1.4142135623730951;
}

/* ---- the phase */

/* A strip of citizens, dense: the compiler makes vector code of this loop. */
static void strip(int64_t n, const float *restrict old, float *restrict new, const float *restrict disposition,
                  const float *restrict trust, const double *restrict neighbours, const double *restrict capital,
                  const double *restrict covered, const uint64_t *restrict keys, const int64_t *restrict places,
                  const parameters p) {
    for (int64_t i = 0; i < n; i++) {
        double x = p.b_c + (double)disposition[i] + p.wN * (neighbours[i] - 0.5) + p.wS * (capital[i] - 0.5)
            + p.k * p.wT * ((double)trust[i] - 0.5) + p.wU * (p.U - p.ups * covered[i] - 0.5) + p.x_lever;
        double target = p.lo + (p.hi - p.lo) * (1.0 / (1.0 + own_exp(-(p.beta * x))));
        double w = old[i];
        w = w + p.a * (target - w) + p.noise * normal_quantile(uniform(keys[i], places[i]));
        new[i] = (float)smaller(greater(w, 0.0), 1.0);
    }
}

static double mean(const float *column, int64_t n) {
    double a = 0, b = 0, c = 0, d = 0;
    int64_t whole = n / 4 * 4;
    for (int64_t i = 0; i < whole; i += 4) {
        a += (double)column[i];
        b += (double)column[i + 1];
        c += (double)column[i + 2];
        d += (double)column[i + 3];
    }
    for (int64_t i = whole; i < n; i++)
        a += (double)column[i];
    return ((a + b) + (c + d)) / (double)n;
}

static void one_quarter(municipality *restrict municipalities, int64_t M, const float *restrict old,
                        float *restrict new, const float *restrict disposition, const float *restrict trust,
                        const uint32_t *restrict ties, const uint32_t *restrict neighbours, const parameters *p,
                        uint64_t seed, uint64_t stream, int64_t t) {
    double around[STRIP], capital[STRIP], covered[STRIP];
    uint64_t keys[STRIP];
    int64_t places[STRIP];
    int64_t at = 0, filled = 0; /* the strip's first citizen, and how many are in it */
    for (int64_t m = 0; m < M; m++) {
        municipality *here = &municipalities[m];
        uint64_t key = address(seed, stream, t, m);
        double cover = smaller(1.0, (double)here->services / (p->cover * (double)here->citizens / 25.0));
        double everyone = 0.0;
        for (int64_t place = 0; place < here->citizens; place++) {
            int64_t row = here->first + place;
            uint32_t start = ties[row], end = ties[row + 1];
            double total = 0.0;
            for (uint32_t tie = start; tie < end; tie++)
                total += (double)old[neighbours[tie]];
            around[filled] = end > start ? total / (double)(end - start) : 0.5;
            everyone += around[filled];
            capital[filled] = here->social_capital;
            covered[filled] = cover;
            keys[filled] = key;
            places[filled] = place;
            if (++filled == STRIP) {
                strip(filled, old + at, new + at, disposition + at, trust + at, around, capital, covered, keys, places, *p);
                at += filled;
                filled = 0;
            }
        }
        here->neighbours_willingness = everyone / (double)here->citizens;
    }
    strip(filled, old + at, new + at, disposition + at, trust + at, around, capital, covered, keys, places, *p);
    for (int64_t m = 0; m < M; m++)
        municipalities[m].citizens_willingness = mean(new + municipalities[m].first, municipalities[m].citizens);
}

/* Quarters t .. t + times - 1; willingness has two rows of N, the latest in row quarter & 1. */
void quarters(municipality *municipalities, int64_t M, float *willingness, int64_t N, const float *disposition,
              const float *trust, const uint32_t *ties, const uint32_t *neighbours, const parameters *p, uint64_t seed,
              uint64_t stream, int64_t t, int64_t times) {
    for (int64_t q = t; q < t + times; q++)
        one_quarter(municipalities, M, willingness + ((q - 1) & 1) * N, willingness + (q & 1) * N, disposition, trust,
                    ties, neighbours, p, seed, stream, q);
}
