// What the Worker answers, run by node: tests/infra/cloud/test_maintenance_page.py.
import assert from "node:assert/strict";
import test from "node:test";

import worker from "../../../infra/cloudflare/maintenance.mjs";

const SITE = "https://boka.example";

async function answerTo(request, origin) {
  const calls = [];
  globalThis.fetch = async (passed) => {
    calls.push(passed);
    return origin();
  };
  const context = { passThroughOnException() { calls.push("fail open"); } };
  return { answer: await worker.fetch(request, {}, context), calls };
}

const status = (code) => () => new Response("from the edge", { status: code });

for (const code of [200, 201, 301, 404, 409, 429, 500, 503]) {
  test(`an answer of the edge's own passes as it is: ${code}`, async () => {
    const request = new Request(`${SITE}/b/demo`);

    const { answer, calls } = await answerTo(request, status(code));

    assert.equal(answer.status, code);
    assert.equal(await answer.text(), "from the edge");
    assert.deepEqual(calls, ["fail open", request]);
  });
}

for (const code of [502, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530]) {
  test(`no edge answered: ${code}`, async () => {
    const { answer } = await answerTo(new Request(`${SITE}/b/demo`), status(code));

    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("Retry-After"), "60");
    assert.equal(answer.headers.get("Cache-Control"), "no-store");
    assert.match(await answer.text(), /<h1>Back in a moment<\/h1>/);
  });
}

test("an origin that cannot be reached is as one that is away", async () => {
  const { answer } = await answerTo(new Request(SITE), () => { throw new Error("connection refused"); });

  assert.equal(answer.status, 503);
});

test("a program gets a problem that it can read", async () => {
  const request = new Request(`${SITE}/api/tenants/demo/slots`, { method: "POST", body: "{}" });

  const { answer } = await answerTo(request, status(522));

  assert.equal(answer.headers.get("Content-Type"), "application/problem+json");
  assert.equal((await answer.json()).type, "/problems/unavailable");
});

test("HEAD gets no body", async () => {
  const { answer } = await answerTo(new Request(SITE, { method: "HEAD" }), status(522));

  assert.equal(await answer.text(), "");
  assert.equal(answer.headers.get("Retry-After"), "60");
});

test("the page loads nothing and runs nothing", async () => {
  const { answer } = await answerTo(new Request(SITE), status(522));

  assert.match(answer.headers.get("Content-Security-Policy"), /^default-src 'none'/);
  assert.doesNotMatch(await answer.text(), /<script|<link|<img|style=/);
});
