/** `mvncmp` ships no types. */
declare module "mvncmp" {
  const maven: {
    /** Order of two Maven versions (`ComparableVersion`): negative, zero or positive. */
    compare(a: string, b: string): number;
  };
  export default maven;
}
