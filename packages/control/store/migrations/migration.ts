/** One step of the schema. Once released it is never edited: its checksum stands in every database it was applied to. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sqlite: readonly string[];
  readonly postgres: readonly string[];
}
