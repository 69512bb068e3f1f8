/** What keeps content from being inspected, in the gateway's thread or in another. In: why. Out: an error that the record has a word for. */

/** Why a body was not inspected; `detector` is what the record calls it. */
export class InspectionFailure extends Error {
  readonly detector: string;

  constructor(cause: "timeout" | "crash" | "busy" | "unavailable", words: string) {
    super(words);
    this.detector = `gateway/inspection-${cause}`;
  }
}
