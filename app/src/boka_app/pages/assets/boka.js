// What pages do beyond forms and links: show what others take, keep a chosen time, tell one's own zone, follow the calendar.
"use strict";

const one = (selector) => document.querySelector(selector);

function followTimes(list) {
  const own = (item, change) => item.dataset.who.split(" ").filter(Boolean).includes(change.employee);
  const touches = (item, change) =>
    new Date(item.dataset.from) < new Date(change.ends_at) && new Date(change.starts_at) < new Date(item.dataset.until);
  const seat = (item, change) => "group" in list.dataset && +new Date(item.dataset.from) === +new Date(change.starts_at);
  const told = list.querySelector("[data-told]");
  function take(item, change) {
    const left = "everybody" in list.dataset ? [] : item.dataset.who.split(" ").filter((who) => who !== change.employee);
    item.dataset.who = left.join(" ");
    if (left.length) return;
    const link = item.querySelector("a");
    told.textContent = told.dataset.told.replace("%", link.textContent);
    if (document.activeElement === link) (item.nextElementSibling?.querySelector("a") ?? one("main h1")).focus();
    item.remove();
  }
  const stream = new EventSource(list.dataset.live);
  stream.addEventListener("taken", (event) => {
    const change = JSON.parse(event.data);
    for (const item of list.querySelectorAll("[data-who]"))
      if (own(item, change) && touches(item, change) && !seat(item, change)) take(item, change);
  });
  stream.addEventListener("freed", () => { list.querySelector("[data-freed]").hidden = false; });
  stream.addEventListener("reset", () => location.reload());
}

function countDown(box) {
  const until = Date.now() + 1000 * box.dataset.seconds;
  const clock = box.querySelector("[data-clock]");
  (function tick() {
    const left = Math.max(0, Math.round((until - Date.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left) return setTimeout(tick, 1000);
    box.querySelector("[data-kept]").hidden = true;
    box.querySelector("[data-over]").hidden = false;
    for (const name of ["hold", "hold_token"]) one(`form [name=${name}]`)?.remove();
  })();
  box.hidden = false;
}

function hold(box) {
  const form = one("main form");
  let held = null, leaving = false;
  async function ask() {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(box.dataset.hold, { method: "POST", headers, body: box.dataset.wish });
    if (answer.status === 409) {
      box.querySelector("[data-kept]").hidden = true;
      box.querySelector("[data-taken]").hidden = box.hidden = false;
    }
    if (!answer.ok) return; // the form books without a hold
    held = await answer.json();
    for (const [name, value] of [["hold", held.hold.id], ["hold_token", held.token]])
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    box.dataset.seconds = held.expires_in_seconds;
    countDown(box);
  }
  let asked = ask().catch(() => {}).finally(() => { asked = null; });
  form.addEventListener("submit", async (event) => {
    leaving = true;
    if (!asked) return;
    event.preventDefault(); // sent without the hold, it would find its own time taken
    await asked;
    form.requestSubmit(event.submitter);
  });
  addEventListener("pagehide", () => {
    if (!held || leaving) return;
    const headers = { Authorization: `Bearer ${held.token}` };
    fetch(`${box.dataset.hold}/${held.hold.id}`, { method: "DELETE", headers, keepalive: true });
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // back again, without the hold
}

function followCalendar(main) {
  let wanted = false;
  async function show() {
    if (wanted) return;
    wanted = true;
    await new Promise((done) => setTimeout(done, 300)); // several events of one booking make one request
    wanted = false;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-board]");
    const board = one("[data-board]");
    if (fresh && !board.contains(document.activeElement)) board.replaceWith(fresh);
    else if (fresh) one("[data-stale]").hidden = false;
  }
  const stream = new EventSource(main.dataset.calendar);
  for (const kind of main.dataset.kinds.split(" ")) stream.addEventListener(kind, show);
  stream.addEventListener("reset", show);
}

const times = one("[data-live]");
if (times) followTimes(times);
const keep = one("[data-hold]");
if (keep) hold(keep);
const counting = one("[data-countdown]");
if (counting) countDown(counting);
const calendar = one("[data-calendar]");
if (calendar) followCalendar(calendar);
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const link = one("[data-own-zone]");
if (link && zone && zone !== link.dataset.shown) {
  link.href = `${link.dataset.ownZone}&zone=${encodeURIComponent(zone)}`;
  link.textContent += ` (${zone})`;
  link.hidden = false;
}
