/** Whether something came to be. In: a promise. Out: true once it is kept, false once it is not; never a rejection. */
export function settled(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}
