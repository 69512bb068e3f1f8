/**
 * Sessions: the value of a cookie that says who is logged in. In: a text and where a random value begins. Out: whether its name and what
 * stands before it on the line make it one.
 */

/** How far back on its line a cookie's header may begin. */
const lineReach = 400;

/** Names that mean a session wherever they stand, as servers and frameworks set them. */
const known =
  /(?:^|[;,\s"'?&(])(?:PHPSESSID|JSESSIONID(?:SSO)?|ASPSESSIONID[A-Z]{8}|ASP\.NET_SessionId|connect\.sid|laravel_session|ci_session|_session_id|wordpress_logged_in_[0-9a-f]{32}|__Secure-next-auth\.session-token|next-auth\.session-token|JIRA_SESSIONID|li_at|c_user|xs)=(?:s%3A)?["']?$/i;
/** Within a cookie header any name that speaks of a session, a login or a token. */
const named = /(?:sess|sid|auth|token|login|remember|jwt|identity|ticket|sso)[\w.-]{0,24}=(?:s%3A)?["']?$/i;
/** What anybody may know: analytics, and tokens against forged requests. */
const shown =
  /(?:csrf|xsrf|_ga|_gid|_fbp|_gcl|analytics|visitor|anonymous|optimizely|hubspot|consent)[\w.-]{0,32}=["']?$/i;
const header = /(?:cookies?["']?\s{0,4}[:=,(]|-b ["']?|--cookie[ =]["']?)/i;

export function isSession(text: string, start: number): boolean {
  const near = text.slice(Math.max(0, start - 64), start);
  if (!near.includes("=") || shown.test(near)) return false;
  if (known.test(near)) return true;
  if (!named.test(near)) return false;
  const line = text.slice(Math.max(0, start - lineReach), start);
  return header.test(line.slice(line.lastIndexOf("\n") + 1));
}
