/* What the pages share in the browser: charts by ECharts from the server, colours from CSS, downloads, reconnecting. */
document.querySelector('meta[name=viewport]').setAttribute('content', 'width=device-width, initial-scale=1');
const phones = window.matchMedia('(max-width: 760px)');
window.letsdance = {
  /* Keeps a component's `phone`: whether the screen is as narrow as a phone, where what is long folds. */
  narrow(one) {
    const turned = () => { one.phone = phones.matches; };
    turned();
    phones.addEventListener('change', turned);
    one.$once('hook:beforeDestroy', () => phones.removeEventListener('change', turned));
  },
  font: 'Inter, sans-serif',
  /* Both weights of the font, asked for before anything is drawn: a canvas does not draw again when they come. */
  fonts: Promise.all([400, 600].map((weight) => document.fonts.load(`${weight} 16px Inter`))).catch(() => {}),
  _echarts: null,
  echarts() {
    if (!this._echarts) {
      this._echarts = new Promise((resolve, reject) => {
        requirejs([`${window.solara.cdn}/echarts@5.4.0/dist/echarts.min.js`],
          (echarts) => this.fonts.then(() => resolve(echarts)), reject);
      });
    }
    return this._echarts;
  },
  /* An option with colour names ("--ink") resolved and sizes scaled: projector mode is larger, not another chart. */
  resolved(option) {
    const style = getComputedStyle(document.documentElement);
    const scale = parseFloat(style.getPropertyValue('--chart-scale')) || 1;
    const sized = new Set(['fontSize', 'symbolSize', 'left', 'right', 'top', 'bottom', 'nameGap', 'distance', 'lineHeight']);
    const walk = (value, name, parent) => {
      if (typeof value === 'string' && value.startsWith('--')) return style.getPropertyValue(value).trim();
      if (typeof value === 'number' && sized.has(name)) return value * scale;
      if (typeof value === 'number' && name === 'width' && (parent === 'lineStyle' || parent === 'axisLabel')) return value * scale;
      if (Array.isArray(value)) return value.map((one) => walk(one, name, parent));
      if (value && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).filter(([key]) => key[0] !== '_')
          .map(([key, one]) => [key, walk(one, key, name)]));
      }
      return value;
    };
    const full = walk(option, '', '');
    full.textStyle = { fontFamily: this.font, color: style.getPropertyValue('--ink').trim() };
    return full;
  },
  /* Numbers, or pairs of them, from the bytes that they were sent as (charts.packed). */
  unpacked(sent) {
    if (Array.isArray(sent)) return sent;
    const bytes = Uint8Array.from(atob(sent.whole), (sign) => sign.charCodeAt(0)), view = new DataView(bytes.buffer);
    const at = (k) => { const whole = view.getInt16(2 * k, true); return whole === -32768 ? null : whole / 10 ** sent.digits; };
    const or = (value) => (value === null ? '-' : value);
    return sent.wide === 1 ? Array.from({ length: bytes.length / 2 }, (_, k) => at(k))
      : Array.from({ length: bytes.length / 4 }, (_, k) => [or(at(2 * k)), or(at(2 * k + 1))]);
  },
  /* A text in parts of which every second is a bracket of numbers, "(51–81)", that no line may break. */
  parts(text) { return text.split(/(\([^()]*\d–[^()]*\)[,.;:]?)/); },
  /* A text as HTML shows it: whatever people typed stays text. */
  escaped(text) {
    return String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  },
  /* What this tab keeps for itself over a reload; false where there is no room for it (a browser gives some 5 MB). */
  keep(name, value) {
    try { sessionStorage.setItem(`letsdance.${name}`, JSON.stringify(value)); return true; } catch (full) { this.forget(name); return false; }
  },
  kept(name) { return JSON.parse(sessionStorage.getItem(`letsdance.${name}`)); },
  forget(name) { sessionStorage.removeItem(`letsdance.${name}`); },
  /* Rows of texts as CSV. A spreadsheet would run a cell that begins as a formula does, so that one begins with an
     apostrophe; numbers stay numbers. The same rule as experiments/spreadsheet.py. */
  csv(rows) {
    const number = /^[+-]?[\d.,\s]*\d(e[+-]?\d+)?\s*%?$/i, formula = /(^|[;\t\r\n])(\s*)([=+\-@\uff1d\uff0b\uff0d\uff20])/g;
    const cell = (value) => {
      const text = number.test(value) ? String(value) : String(value).replace(/^(?=[\t\r\n])/, "'").replace(formula, "$1$2'$3");
      return /[",;\t\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return rows.map((row) => row.map(cell).join(',')).join('\n') + '\n';
  },
  /* The bytes of a file that somebody chose, in base64. */
  async bytes(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let content = '';
    for (let at = 0; at < bytes.length; at += 32768) content += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(content);
  },
  /* content: a text, bytes, or an address that holds the data. */
  save(name, type, content) {
    const link = document.createElement('a'), held = typeof content === 'string' && content.startsWith('data:');
    link.href = held ? content : URL.createObjectURL(new Blob([content], { type }));
    link.download = name;
    link.click();
    if (!held) setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  },
};
/* Paper: the page is dressed for A4 before charts are drawn again for it (chart.vue), and undressed afterwards. */
window.addEventListener('beforeprint', () => {
  document.documentElement.classList.add('ld-printing');
  document.querySelectorAll('.ld-printed-when').forEach((one) => { one.textContent = new Date().toLocaleDateString(document.documentElement.lang, { dateStyle: 'long' }); });
  document.querySelectorAll('.ld-printed-where').forEach((one) => { one.textContent = window.location.href; });
});
window.addEventListener('afterprint', () => document.documentElement.classList.remove('ld-printing'));
/* Escape closes what terms mean, wherever that stands, and goes back to its question mark. */
document.addEventListener('keydown', (event) => {
  const box = event.key === 'Escape' && event.target.closest && event.target.closest('.ld-terms details[open]');
  if (!box) return;
  box.open = false;
  box.firstChild.focus();
});
/* The arrow keys go through a group of radio buttons, as everywhere; one of them is a stop of the Tab key. */
document.addEventListener('keydown', (event) => {
  const group = event.target.closest && event.target.getAttribute('role') === 'radio' && event.target.closest('[role=radiogroup]');
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!group || !way) return;
  event.preventDefault();
  const all = [...group.querySelectorAll('[role=radio]')], next = all[(all.indexOf(event.target) + way + all.length) % all.length];
  next.focus();
  next.click();
});
/* Solara's own back-off waits some 20 s; ask every second, and come back to the same kernel. */
setInterval(async () => {
  const debug = window.solara && window.solara.debug, away = () => debug.connectionStatus !== 'connected';
  if (!debug || window.letsdance.back) return;
  if (!away()) window.letsdance.met = true;
  if (!away() || !window.letsdance.met) return;  // the first connection is Solara's own
  window.letsdance.back = true;
  try {
    const here = (await fetch(`${window.solara.rootPath}/readyz`, { cache: 'no-store' })).ok;
    if (here && away()) await debug.kernel().reconnect();  // Solara may have been faster; a new try ends a good connection
  } catch (gone) { /* still away */ } finally { window.letsdance.back = false; }
}, 1000);
/* A page that came back asks how everything stands, while computations go on telling their results. The older answer,
   put over a newer result, would stay, and an answer later than some seconds is not read: so it asks again, up to eight
   times, until it was answered and nothing was told meanwhile. */
const ask = window.solara.WidgetManager.prototype.fetchAll;
window.solara.WidgetManager.prototype.fetchAll = async function () {
  const { kernel } = this.context.sessionContext.session;
  let told, answered;
  const hear = (_, { content: { data = {} } }) => {
    told ||= data.method === 'update';
    answered ||= data.method === 'update_states';
  };
  kernel.iopubMessage.connect(hear);
  try {
    for (let k = 0; k === 0 || ((told || !answered) && k < 8 && !this.isDisposed); k += 1) {
      if (k) await new Promise((resolve) => setTimeout(resolve, 100 * k));
      told = answered = false;
      await ask.call(this);
    }
  } finally { kernel.iopubMessage.disconnect(hear); }
};
