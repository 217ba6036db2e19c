// Passes every request on and answers in the edges' place when none of them does.
// The edges say 503 themselves when the service behind them is away; that answer passes as it is.

// How long a client should wait. An edge is taken out of the load balancer within 20 s.
const RETRY_AFTER_S = 60;

// What Cloudflare or the load balancer says when no edge answered; our edges turn 502 and 504 of their own into 503.
const NO_EDGE = new Set([502, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530]);

// The same words as the edges' own page and problem (roles/nginx/files/pages).
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Back in a moment</title>
<h1>Back in a moment</h1>
<p>Bookings are paused for a short time. What you booked is safe. Please try again in a minute.</p>
</html>
`;
const PROBLEM = {
  type: "/problems/unavailable",
  title: "Service unavailable",
  status: 503,
  detail: "The service cannot answer at the moment.",
  next: "Wait for as many seconds as Retry-After says; send the same Idempotency-Key again.",
};

export function unavailable(request) {
  const isApi = new URL(request.url).pathname.startsWith("/api/");
  const headers = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Content-Type": isApi ? "application/problem+json" : "text/html; charset=utf-8",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Retry-After": String(RETRY_AFTER_S),
    "X-Content-Type-Options": "nosniff",
  };
  const body = isApi ? JSON.stringify(PROBLEM) : PAGE;
  return new Response(request.method === "HEAD" ? null : body, { status: 503, headers });
}

export default {
  async fetch(request, _environment, context) {
    context.passThroughOnException(); // a fault of ours must not be what users see
    let answer;
    try {
      answer = await fetch(request);
    } catch {
      return unavailable(request);
    }
    return NO_EDGE.has(answer.status) ? unavailable(request) : answer;
  },
};
