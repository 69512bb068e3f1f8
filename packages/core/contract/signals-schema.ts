/**
 * The `signals` part of `cordon.yaml`: who tells us of risk and of devices, whom we tell, and where. In: what a file says. Out:
 * settings, with every default filled in.
 */
import { z } from "zod";
import { parseListenAddress, parseUpstreamUrl } from "./addresses.ts";
import { filePath, name, namespace, text } from "./schema-parts.ts";

const url = text((value) => {
  const checked = parseUpstreamUrl(value);
  return "problem" in checked ? checked.problem : undefined;
}).meta({ pattern: "^https?://" });

const uri = z.string().min(1).max(1024);

/** `secret` is the schema of secret references. */
export function signalsSchemaWith<S extends z.ZodType>(secret: S) {
  return z.strictObject({
    listen: text((value) => {
      const checked = parseListenAddress(value);
      return "problem" in checked ? checked.problem : undefined;
    })
      .default("127.0.0.1:8439")
      .describe("Where others reach it. Plain HTTP on a loopback address only; elsewhere it takes `tls`."),
    tls: z
      .strictObject({
        certFile: filePath.describe("PEM file: its certificate, and its chain."),
        keyFile: filePath.describe("PEM file of its private key; not readable by everybody."),
      })
      .optional()
      .describe("Its certificate; read when Cordon starts."),
    issuer: url
      .optional()
      .describe("What others know it by, such as `https://signals.bank.example`. Default: where it listens."),
    receive: z
      .array(
        z.strictObject({
          name: name.describe("Names it in reasons and in the ledger; part of its push address, `/ssf/push/NAME`."),
          issuer: uri.describe("The transmitter's issuer, letter for letter."),
          audiences: z.array(uri).min(1).max(8).describe("What its tokens for us are addressed to."),
          jwksFile: filePath.optional().describe("Its keys (JWKS), as a file; read again when it changes."),
          jwksUrl: url
            .optional()
            .describe("Its keys, where it publishes them; asked again every hour, and for an unknown key."),
          caFile: filePath.optional().describe("PEM file of the authorities that its servers are verified with."),
          token: secret
            .optional()
            .describe(
              "What it sends as `authorization: Bearer` when it pushes. Without it, its signature alone counts.",
            ),
          poll: z
            .strictObject({
              url: url.describe("Where its events are polled (RFC 8936)."),
              token: secret.optional().describe("Sent as `authorization: Bearer`."),
              everySeconds: z
                .int()
                .min(1)
                .max(3_600)
                .default(10)
                .describe("How often, where nothing is left to fetch."),
            })
            .optional()
            .describe("Events are polled as well as pushed."),
          maxAgeHours: z.int().min(1).max(720).default(24).describe("Older tokens are refused."),
          riskHours: z
            .int()
            .min(1)
            .max(720)
            .default(24)
            .describe("How long a reported risk counts, where nothing newer comes."),
          emailDomains: z
            .array(z.string().regex(/^[a-z0-9.-]{1,253}$/))
            .max(16)
            .default([])
            .describe("Domains whose mailboxes are our people: `mei@DOMAIN` is `mei`."),
          namespace,
        }),
      )
      .max(16)
      .default([])
      .describe("Transmitters of shared signals (OpenID SSF, CAEP) whose word counts."),
    transmit: z
      .array(
        z.strictObject({
          name: name.describe("Names the receiver."),
          audience: uri.describe("What its tokens are addressed to."),
          token: secret.describe("What the receiver sends as `authorization: Bearer` to manage and poll its stream."),
          push: z
            .strictObject({
              url: url.describe("Where events are pushed (RFC 8935)."),
              token: secret.optional().describe("Sent as `authorization: Bearer`."),
              caFile: filePath.optional().describe("PEM file of the authorities that it is verified with."),
            })
            .optional()
            .describe("Where the receiver may have events pushed; without it, it polls."),
        }),
      )
      .max(16)
      .default([])
      .describe("Receivers that may have a stream of our events."),
    management: z
      .array(
        z.strictObject({
          name: name.describe("Names it as the source of what it reports."),
          token: secret.describe("What it sends as `authorization: Bearer`."),
        }),
      )
      .max(16)
      .default([])
      .describe("Device management that reports posture: `POST /v1/devices/NAME/posture`."),
  });
}
