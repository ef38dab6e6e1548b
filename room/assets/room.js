(() => {
const view = document.getElementById('view'), lost = document.getElementById('lost'), said = document.getElementById('said');
const base = view.dataset.base, kept = 'letsdance ' + base;
const sleep = ms => new Promise(done => setTimeout(done, ms));
let hushed = 0;
const tell = words => { said.textContent = words; clearTimeout(hushed); if (words) hushed = setTimeout(() => tell(''), 6000); };
const name = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, '0')).join('');
const waiting = () => { try { return JSON.parse(localStorage.getItem(kept)) || []; } catch (e) { return []; } };
const keep = all => { try { localStorage.setItem(kept, JSON.stringify(all)); } catch (e) { memory = all; } };
let memory = [], offset = null;

/* the fragment is swapped in whole; what somebody is typing, and what is open, stays */
function put(html) {
  const held = {}, open = [...view.querySelectorAll('details[open][id]')].map(one => one.id), focus = document.activeElement && document.activeElement.id;
  view.querySelectorAll('[data-touched]').forEach(one => { if (one.id) held[one.id] = one.type === 'checkbox' || one.type === 'radio' ? one.checked : one.value; });
  const y = scrollY, step = view.querySelector('input[name=step]');
  view.innerHTML = html;
  const same = view.querySelector('input[name=step]');
  if (!step || !same || step.value === same.value) {
    for (const id in held) { const one = document.getElementById(id); if (one) { if (one.type === 'checkbox' || one.type === 'radio') one.checked = held[id]; else one.value = held[id]; one.dataset.touched = 1; } }
    scrollTo(0, y);
  } else scrollTo(0, 0);
  open.forEach(id => { const one = document.getElementById(id); if (one) one.open = true; });
  if (focus) { const one = document.getElementById(focus); if (one) one.focus({preventScroll: true}); }
  tick();
}
function taken(answer) { if (answer.html !== undefined && answer.stamp !== view.dataset.stamp) { view.dataset.stamp = answer.stamp; offset = null; put(answer.html); } }

async function listen() {
  for (let failed = 0; ;) {
    try {
      const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 40000);
      const answer = await fetch(base + '/now?stamp=' + encodeURIComponent(view.dataset.stamp), {signal: stop.signal, cache: 'no-store'});
      clearTimeout(timer);
      if (answer.status === 200) taken(await answer.json());
      else if (answer.status === 410 || answer.status === 403) { location.reload(); return; }
      else if (answer.status !== 204) throw new Error(answer.status);
      failed = 0; lost.hidden = true;
    } catch (e) { failed++; if (failed > 1) lost.hidden = false; await sleep(Math.min(4000, 300 * 1.7 ** failed)); }
  }
}

/* what is said waits in the phone until the server has it: a lost connection or a reload loses nothing, an id doubles nothing */
let sending = false;
async function send() {
  if (sending) return;
  sending = true;
  for (let failed = 0; ;) {
    const all = waiting().length ? waiting() : memory;
    if (!all.length) break;
    try {
      const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 12000);
      const answer = await fetch(all[0].to, {method: 'POST', body: all[0].body, signal: stop.signal, headers: {'Content-Type': 'application/x-www-form-urlencoded', 'Accept': 'application/json'}});
      clearTimeout(timer);
      if (answer.status === 429 || answer.status >= 500) throw new Error(answer.status);
      const told = await answer.json();
      memory = all.slice(1); keep(memory);
      view.querySelectorAll('[data-touched]').forEach(one => delete one.dataset.touched);
      tell(told.ok ? '' : told.says);
      taken(told); failed = 0; lost.hidden = true;
    } catch (e) { failed++; if (failed > 1) { lost.hidden = false; tell(said.dataset.wait); } await sleep(Math.min(4000, 250 * 1.7 ** failed)); }
  }
  sending = false;
}
function say(form, button) {
  const body = new URLSearchParams();
  for (const [key, value] of new FormData(form, button)) if (typeof value === 'string') body.append(key, value);
  body.set('id', name());
  memory = [...(waiting().length ? waiting() : memory), {to: form.getAttribute('action'), body: body.toString()}]; keep(memory);
  if (button) button.setAttribute('aria-busy', 'true');
  if (form.classList.contains('say-note')) form.reset();
  send();
}
addEventListener('submit', event => { if (event.target.classList.contains('plainform')) return; event.preventDefault(); say(event.target, event.submitter); });
addEventListener('input', event => {
  event.target.dataset.touched = 1;
  if (event.target.name && event.target.type === 'radio') document.getElementsByName(event.target.name).forEach(one => { one.dataset.touched = 1; });
  if (event.target.name === 'guards' && view.querySelectorAll('[name=guards]:checked').length > 2) event.target.checked = false;
  if (event.target.dataset.into && event.target.files[0]) event.target.files[0].text().then(text => { document.getElementById(event.target.dataset.into).value = text; });
});
addEventListener('click', event => {
  const plane = event.target.closest && event.target.closest('.tap');
  if (!plane) return;
  const box = plane.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * 1000, y = (event.clientY - box.top) / box.height * 1000;
  const form = view.querySelector('.say-place'), within = v => Math.min(1, Math.max(0, v)).toFixed(2);
  form.elements.C.value = within((x - 40) / 920); form.elements.G.value = within((960 - y) / 920);
  if (!form.querySelector('button').disabled) say(form);
});
function tick() {
  view.querySelectorAll('.timer[data-until]').forEach(one => {
    if (offset === null) offset = Date.now() / 1000 - one.dataset.now;
    const left = Math.max(0, Math.round(one.dataset.until - (Date.now() / 1000 - offset)));
    one.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
    one.classList.toggle('over', left === 0);
  });
}
setInterval(tick, 500); tick(); send(); listen();
})();
