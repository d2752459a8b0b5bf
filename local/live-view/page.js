const ENDINGS = ['delivered', 'filtered', 'dead-lettered', 'waiting'];
const MOST_ROWS = 200;
const CHART_SECONDS = 120;
/** The calls of RudderStack's API that have a path of their own. */
const CALLS = new Set(['track', 'identify', 'page', 'screen', 'group', 'alias']);

const byId = (id) => document.getElementById(id);
const eventBox = byId('event');
const refusedBox = byId('refused');
const redriveAll = byId('redrive');

/** The row of each event that is shown, by the key of its passage. */
const rows = new Map();
/** Number of events for each ending, by second. */
const seconds = new Map();

async function call(path, given = {}) {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(given) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.problem);
  return answer;
}

function showPassage(passage) {
  const second = Math.floor(Date.parse(passage.at) / 1000);
  const counts = seconds.get(second) ?? {};
  counts[passage.ending] = (counts[passage.ending] ?? 0) + 1;
  seconds.set(second, counts);

  const isNew = !rows.has(passage.key);
  const row = rows.get(passage.key) ?? document.createElement('li');
  row.className = passage.ending;
  row.replaceChildren(detailsOf(passage));
  if (!isNew) return;
  rows.set(passage.key, row);
  byId('events').prepend(row);
  if (rows.size > MOST_ROWS) {
    const [oldest] = rows.keys();
    rows.get(oldest)?.remove();
    rows.delete(oldest);
  }
}

function detailsOf({ at, name, ending, why, raw, heap }) {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.append(
    element('time', new Date(at).toLocaleTimeString()),
    ' ',
    element('b', ending),
    ` ${name}`,
    why === '' ? '' : ` — ${why}`,
  );
  const sides = document.createElement('div');
  sides.className = 'sides';
  sides.append(
    side('received', 'As received', pretty(raw)),
    side(
      'heap',
      ending === 'delivered' ? 'What Heap got' : 'What Heap would get',
      heap === undefined ? 'nothing' : JSON.stringify(heap, null, 2),
    ),
  );
  details.append(summary, sides);
  return details;
}

function side(kind, title, text) {
  const box = document.createElement('div');
  box.className = kind;
  const pre = element('pre', text);
  pre.tabIndex = 0;
  box.append(element('h3', title), pre);
  return box;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Shows the counters, which the server reads from the function's metrics and the queues. */
function showTotals({ delivered, filtered, deadLetters, waiting }) {
  for (const [name, count] of Object.entries({ delivered, filtered, 'dead-lettered': deadLetters, waiting })) {
    const shown = document.querySelector(`[data-count="${name}"]`);
    if (shown !== null) shown.textContent = count.toLocaleString('en');
  }
  byId('totals-state').textContent =
    'Delivered and filtered: events since npm run dev was started. Dead letters and waiting: messages in the two queues now.';
}

function drawChart() {
  const now = Math.floor(Date.now() / 1000);
  for (const second of seconds.keys()) if (second < now - CHART_SECONDS) seconds.delete(second);
  const most = Math.max(
    1,
    ...[...seconds.values()].map((counts) => Object.values(counts).reduce((sum, count) => sum + count, 0)),
  );
  const bars = [...seconds].flatMap(([second, counts]) => {
    let top = 30;
    return ENDINGS.filter((ending) => counts[ending] !== undefined).map((ending) => {
      const height = (28 * counts[ending]) / most;
      top -= height;
      const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      for (const [name, value] of Object.entries({
        x: CHART_SECONDS - 1 - (now - second),
        y: top,
        width: 0.9,
        height,
        class: ending,
        fill: 'currentColor',
      })) {
        bar.setAttribute(name, String(value));
      }
      return bar;
    });
  });
  byId('chart').replaceChildren(...bars);
  byId('chart-state').textContent =
    bars.length === 0 ? 'No event in the last two minutes.' : 'The last two minutes, one bar for each second';
}

/** Only the answer to the latest question is shown. */
let asked = 0;
async function showMapping() {
  asked += 1;
  const question = asked;
  const event = eventBox.value.trim();
  const answer =
    event === ''
      ? 'Nothing: the box is empty.'
      : await call('/api/preview', { event }).then(
          (preview) => JSON.stringify(preview, null, 2),
          (error) => `The mapping could not be made: ${error.message}`,
        );
  if (question === asked) byId('mapping').textContent = answer;
}

/** The address and the write key of the HTTP endpoint. */
let endpoint;
function showCurl() {
  if (endpoint !== undefined) byId('curl').textContent = curlLine(endpoint, eventBox.value.trim());
}

/** A command for the event in the box. If there is none that the HTTP endpoint would take alone, an example. */
function curlLine({ url, writeKey }, text) {
  const type = typeOf(text);
  const event = type === undefined ? '{"userId":"u-1","event":"Hello from curl"}' : text.replaceAll(/\s*\n\s*/g, ' ');
  const word = `'${event.replaceAll("'", String.raw`'\''`)}'`;
  return `curl -u ${writeKey}: -H 'content-type: application/json' -d ${word} ${url}/v1/${type ?? 'track'}`;
}

function typeOf(text) {
  try {
    const type = JSON.parse(text)?.type;
    return CALLS.has(type) ? type : undefined;
  } catch {
    return undefined;
  }
}

async function showDeadLetters() {
  const { count, examples } = await call('/api/dead-letters');
  byId('dead-letter-count').textContent = count === 0 ? '' : `(${count.toLocaleString('en')})`;
  byId('no-dead-letters').textContent =
    count === 0 ? 'None.' : count > examples.length ? `The latest ${examples.length}:` : '';
  redriveAll.disabled = count === 0;
  byId('dead-letters').replaceChildren(
    ...examples.map((deadLetter) => {
      const row = document.createElement('li');
      const button = element('button', 'Send again');
      button.type = 'button';
      button.setAttribute('aria-label', `Send again: ${deadLetter.event || 'this dead letter'}`);
      button.addEventListener('click', () => redrive({ id: deadLetter.id }));
      row.append(
        element(
          'span',
          `${deadLetter.event || '(no event)'} — ${deadLetter.reason}${deadLetter.detail === '' ? '' : `: ${deadLetter.detail}`}`,
        ),
        button,
      );
      return row;
    }),
  );
}

async function redrive(which) {
  byId('redriven').textContent = 'sending …';
  const { sent } = await call('/api/redrive', which);
  byId('redriven').textContent = `${sent} sent again`;
  await showDeadLetters();
}

/** Lists one after the other, so that the latest answer is shown. */
let listing = Promise.resolve();
function refreshDeadLetters() {
  listing = listing.then(showDeadLetters).catch((error) => {
    byId('no-dead-letters').textContent = `The dead letters could not be read: ${error.message}`;
  });
}

function setFault() {
  const chosen = document.querySelector('input[name="fault"]:checked');
  void call('/api/fault', { fault: chosen?.value ?? 'none', refused: refusedBox.value });
}

eventBox.addEventListener('input', () => {
  void showMapping();
  showCurl();
});
byId('send').addEventListener('click', async () => {
  await call('/api/enqueue', { event: eventBox.value });
  byId('sent').textContent = `sent at ${new Date().toLocaleTimeString()}`;
});
redriveAll.addEventListener('click', () => redrive({}));
byId('fault').addEventListener('change', setFault);
refusedBox.addEventListener('change', setFault);

const stream = new EventSource('/api/watch');
stream.addEventListener('open', () => (byId('connection').textContent = 'live'));
stream.addEventListener('error', () => (byId('connection').textContent = 'not connected: is npm run dev running?'));
stream.addEventListener('passages', ({ data }) => {
  const passages = JSON.parse(data);
  for (const passage of passages) showPassage(passage);
  byId('nothing').textContent =
    rows.size === 0
      ? 'None yet. Send one above, or to the HTTP endpoint, or run: npm run heapq -- enqueue --local FILE'
      : '';
  drawChart();
});
let deadLetters;
stream.addEventListener('totals', ({ data }) => {
  const totals = JSON.parse(data);
  showTotals(totals);
  if (totals.deadLetters !== deadLetters) refreshDeadLetters();
  deadLetters = totals.deadLetters;
});
stream.addEventListener('endpoint', ({ data }) => {
  endpoint = JSON.parse(data);
  showCurl();
});
stream.addEventListener('fault', ({ data }) => {
  const { fault, refused } = JSON.parse(data);
  for (const input of document.querySelectorAll('input[name="fault"]')) {
    const choice = input;
    choice.checked = choice.value === fault;
  }
  if (document.activeElement !== refusedBox) refusedBox.value = refused;
});

setInterval(drawChart, 1000);
void showMapping();
