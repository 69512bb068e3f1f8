/**
 * The shapes of credentials whose issuer marks them. In: nothing. Out: for each, the mark it begins with and what must
 * follow. The mark is looked for by the automaton, in any case; the pattern is tried where it stands, in the right case.
 *
 * Every pattern is one row of bounded repetitions over character classes that do not overlap their neighbours' first
 * character where they are open-ended, so that trying it costs no more than the text it covers.
 */
import { entropy, isPlaceholder } from "./value.ts";

export interface Provider {
  /** The part of the detector's id after `secret/`. */
  readonly type: string;
  /** What it begins with. */
  readonly marks: readonly string[];
  /** The whole of it; sticky. */
  readonly pattern: RegExp;
  /** What a pattern cannot say, such as a checksum. */
  readonly check?: (value: string) => boolean;
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
let crcTable: Uint32Array | undefined;

function crc32(text: string): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc >>> 0;
  });
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at++) crc = (crc >>> 8) ^ (crcTable[(crc ^ text.charCodeAt(at)) & 255] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * GitHub and npm: the last six characters are the CRC-32 of the random part before them, in base 62.
 *
 * @see https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
 */
export function hasTokenChecksum(value: string): boolean {
  const random = value.slice(value.indexOf("_") + 1, -6);
  let rest = crc32(random);
  let digits = "";
  for (; rest > 0; rest = Math.floor(rest / 62)) digits = base62.charAt(rest % 62) + digits;
  return digits.padStart(6, "0") === value.slice(-6);
}

/** One past a marked credential that starts at `start`; 0 where none does. */
export function markedEnd(text: string, start: number, { pattern, check }: Provider): number {
  if (isGlued(text, start)) return 0;
  pattern.lastIndex = start;
  const value = pattern.exec(text)?.[0];
  if (value === undefined || check?.(value) === false || entropy(value) < 3 || isPlaceholder(value)) return 0;
  const end = start + value.length;
  return isMasked(text, end) ? 0 : end;
}

/** `xoxp-123-456-####…`: the part that would be secret was taken out. */
function isMasked(text: string, end: number): boolean {
  return /^(?:#{3}|\*{3}|\.{3}|…|•{3})/.test(text.slice(end, end + 3));
}

/** In the middle of a longer word; an escaped line end before it is none. */
function isGlued(text: string, start: number): boolean {
  if (!/[A-Za-z0-9]/.test(text.charAt(start - 1))) return false;
  return !/^\\[nrt]$/.test(text.slice(Math.max(0, start - 2), start));
}

function provider(type: string, marks: string, tail: string, check?: (value: string) => boolean): Provider {
  const list = marks.split("|");
  const head = list.map((mark) => mark.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const shape = { type, marks: list, pattern: new RegExp(`(?:${head})${tail}`, "y") };
  return check === undefined ? shape : { ...shape, check };
}

const w = "[A-Za-z0-9_-]";
const a = "[A-Za-z0-9]";
const h = "[0-9a-f]";
const uuid = `${h}{8}-${h}{4}-${h}{4}-${h}{4}-${h}{12}`;

export const providers: readonly Provider[] = [
  provider("aws-access-key", "AKIA|ASIA|ABIA|ACCA|A3T0", "[A-Z0-9]{16}(?![A-Za-z0-9])"),
  provider("aws-bedrock-key", "ABSKQmVkcm9ja0FQSUtleS", "[A-Za-z0-9+/]{40,200}={0,2}"),
  provider("aws-appsync-key", "da2-", "[a-z0-9]{26}"),
  provider("aws-mws-token", "amzn.mws.", uuid),
  provider("gcp-api-key", "AIza", `${w}{35}(?!${w})`),
  provider("gcp-oauth-secret", "GOCSPX-", `${w}{28}`),
  provider("gcp-oauth-token", "ya29.", `${w}{20,512}`),
  provider("github-token", "ghp_|gho_|ghu_|ghs_|ghr_", `${a}{36}(?!${a})`),
  provider("github-token", "github_pat_", `[A-Za-z0-9_]{70,93}`),
  provider(
    "gitlab-token",
    "glpat-|gldt-|glrt-|glcbt-|glptt-|glft-|glimt-|glagent-|glsoat-|glffct-|GR1348941",
    `[A-Za-z0-9_.-]{20,64}`,
  ),
  provider(
    "slack-token",
    "xoxb-|xoxp-|xoxa-|xoxr-|xoxs-|xoxe-|xoxe.xoxp-|xoxe.xoxb-|xapp-|xwfp-",
    `[0-9A-Za-z/-]{18,180}`,
    (value) => (value.match(/[0-9]/g)?.length ?? 0) >= 6,
  ),
  provider(
    "slack-webhook",
    "hooks.slack.com/services/|hooks.slack.com/workflows/|hooks.slack.com/triggers/",
    "[A-Za-z0-9/]{20,120}",
  ),
  provider(
    "teams-webhook",
    "outlook.office.com/webhook/|outlook.office365.com/webhook/|webhook.office.com/webhookb2/",
    "[0-9A-Za-z@/-]{60,200}",
  ),
  provider("discord-webhook", "discord.com/api/webhooks/|discordapp.com/api/webhooks/", `[0-9]{15,20}/${w}{40,80}`),
  provider("stripe-key", "sk_live_|sk_test_|rk_live_|rk_test_|sk_prod_|rk_prod_|whsec_", "[A-Za-z0-9+/]{16,120}"),
  provider(
    "openai-key",
    "sk-",
    `(?!ant-)(?:proj-|svcacct-|admin-|None-)?${w}{20,200}`,
    (value) => /[0-9]/.test(value) && /[A-Z]/.test(value),
  ),
  provider("anthropic-key", "sk-ant-", `[a-z]{2,8}[0-9]{2}-${w}{70,110}AA(?!${w})`),
  provider("huggingface-token", "hf_|api_org_", "[A-Za-z]{34}(?![A-Za-z0-9])"),
  provider("replicate-token", "r8_", `${a}{37}`),
  provider("groq-key", "gsk_", `${a}{40,60}`),
  provider("perplexity-key", "pplx-", `${a}{40,60}`),
  provider("xai-key", "xai-", `${a}{60,90}`),
  provider("langsmith-key", "lsv2_pt_|lsv2_sk_", `${h}{32}_${h}{10}`),
  provider("pinecone-key", "pcsk_", `${w}{40,90}`),
  provider("npm-token", "npm_", `${a}{36}(?!${a})`),
  provider("pypi-token", "pypi-AgEI", `${w}{50,400}`),
  provider("rubygems-key", "rubygems_", `${h}{48}`),
  provider("crates-token", "cio", `${a}{32}(?!${a})`, (value) => /[0-9]/.test(value) && /[A-Z]/.test(value)),
  provider("nuget-key", "oy2", "[a-z0-9]{43}(?![a-z0-9])"),
  provider("docker-token", "dckr_pat_|dckr_oat_", `${w}{27,36}`),
  provider("sendgrid-key", "SG.", `${w}{16,32}\\.${w}{30,64}`),
  provider("twilio-key", "SK", `${h}{32}(?!${a})`),
  provider("mailgun-key", "key-", `${h}{32}(?!${a})`),
  provider("postman-key", "PMAK-", `${h}{24}-${h}{34}`),
  provider("shopify-token", "shpat_|shpca_|shppa_|shpss_|shpua_", "[0-9a-fA-F]{32}"),
  provider("square-token", "sq0atp-|sq0csp-|EAAAE", `${w}{22,64}`),
  provider("facebook-token", "EAAC|EAAB|EAAG|EAAD|EAAM", `${a}{60,300}`),
  provider("digitalocean-token", "dop_v1_|doo_v1_|dor_v1_", `${h}{64}`),
  provider("databricks-token", "dapi", `${h}{32}(?:-[0-9])?(?!${a})`),
  provider("heroku-key", "HRKU-", `${w}{36,80}`),
  provider("vault-token", "hvs.|hvb.|hvr.", `${w}{24,300}`),
  provider(
    "vault-token",
    "s.|b.|r.",
    `${a}{24}(?![A-Za-z0-9_.(])`,
    (value) => /[0-9].*[0-9]/.test(value) && /[A-Z]/.test(value) && /[a-z]/.test(value),
  ),
  provider("vault-token", "s.CAESI", `${w}{60,300}`),
  provider("vault-token", "b.AAAAAQ", `${w}{100,300}`),
  provider("thingsboard-token", "thingsboard.cloud/api/v1/|thingsboard.io/api/v1/", `${a}{20}(?=/)`),
  provider("pulumi-token", "pul-", `${h}{40}(?!${a})`),
  provider("doppler-token", "dp.pt.|dp.st.|dp.ct.|dp.sa.|dp.scim.|dp.audit.", `(?:[a-z0-9_-]{2,35}\\.)?${a}{40,44}`),
  provider("grafana-token", "glc_|glsa_", "[A-Za-z0-9+/_]{32,400}={0,2}"),
  provider("grafana-token", "eyJrIjoi", `[A-Za-z0-9]{60,400}={0,2}`),
  provider("sentry-token", "sntrys_|sntryu_", "[A-Za-z0-9_=+/]{60,400}"),
  provider("newrelic-key", "NRAK-|NRII-|NRIQ-|NRRA-|NRAA-|NRSP-|NRJS-", `${w}{19,48}`),
  provider("newrelic-key", "px-api-|px-dep-", uuid),
  provider("datadog-key", "ddapi_|ddapp_", `${a}{32,48}`),
  provider("dynatrace-token", "dt0c01.|dt0s01.|dt0s02.", "[A-Z0-9]{24}\\.[A-Z0-9]{40,64}"),
  provider("sonar-token", "squ_|sqp_|sqa_", `${h}{40}`),
  provider("sourcegraph-token", "sgp_", "(?:local_|[0-9a-fA-F]{16}_)?[0-9a-fA-F]{40}(?![0-9A-Za-z])"),
  provider("segment-token", "sgp_", `${a}{64}(?!${a})`),
  provider("atlassian-token", "ATATT3|ATCTT3|ATBB", `[A-Za-z0-9_=-]{20,220}`),
  provider(
    "notion-token",
    "ntn_|secret_",
    `${a}{43,50}(?!${a})`,
    (value) => /[0-9]/.test(value) && /[A-Z]/.test(value),
  ),
  provider("linear-key", "lin_api_|lin_oauth_", `${a}{32,64}`),
  provider("airtable-token", "pat", `${a}{14}\\.${h}{64}`),
  provider("figma-token", "figd_|figdr_", `${w}{30,64}`),
  provider("intra42-secret", "s-s4t2ud-|s-s4t2af-", `${h}{64}`),
  provider(
    "1password-secret-key",
    "A3-",
    "[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
  ),
  provider("age-key", "AGE-SECRET-KEY-1", "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
  provider("mapbox-token", "sk.eyJ|tk.eyJ", `${w}{20,200}\\.${w}{20,64}`),
  provider("dropbox-token", "sl.", `${w}{60,200}`),
  provider("artifactory-key", "AKCp", `${a}{69}(?!${a})`),
  provider("artifactory-token", "cmVmd", `${a}{59}(?!${a})`),
  provider("planetscale-token", "pscale_tkn_|pscale_pw_|pscale_oauth_", "[A-Za-z0-9_.=-]{32,64}"),
  provider("supabase-token", "sbp_|sb_secret_", `${w}{28,60}`),
  provider("easypost-key", "EZAK|EZTK", `${a}{54}(?!${a})`),
  provider("flyio-token", "fo1_|fm1a_|fm1r_|fm2_", `[A-Za-z0-9+/_=-]{40,500}`),
  provider("prefect-key", "pnu_|pnb_", "[a-z0-9]{36}(?![a-z0-9])"),
  provider("readme-key", "rdme_", "[a-z0-9]{70}"),
  provider("infracost-key", "ico-", `${a}{32}(?!${a})`, (value) => /[A-Z]/.test(value)),
  provider("settlemint-token", "sm_pat_|sm_aat_|sm_sat_", `${a}{16}(?!${a})`),
  provider("octopus-key", "API-", "[A-Z0-9]{26,27}(?![A-Za-z0-9])", (value) => /[0-9].*[0-9].*[0-9]/.test(value)),
];

/** Those that may be thousands of characters long: a detector of their own looks for them, with a longer reach. */
export const longProviders: readonly Provider[] = [
  provider("1password-token", "ops_eyJ", `[A-Za-z0-9+/_-]{200,1600}={0,2}`),
  provider("private-key", "LS0tLS1CRUdJTi", "[A-Za-z0-9+/]{40,7900}={0,2}"),
  provider("jwt", "eyJ", `${w}{10,2000}\\.eyJ${w}{10,4000}\\.${w}{16,1400}`),
];
