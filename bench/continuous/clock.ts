/** Milliseconds since the epoch, with fractions: the same clock in every process of this machine. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
