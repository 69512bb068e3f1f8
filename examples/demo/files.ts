/** Where the demo's files are, from sources and in the published package alike. */
export const demoFiles = {
  configuration: new URL("./cordon.yaml", import.meta.url),
  policies: new URL("./policies/default.cedar", import.meta.url),
  creditModel: new URL("./train/credit-model.json", import.meta.url),
  creditModelCard: new URL("./train/credit-model.md", import.meta.url),
  creditModelBefore: new URL("./train/credit-model-1.json", import.meta.url),
  creditModelBeforeCard: new URL("./train/credit-model-1.md", import.meta.url),
  ask: new URL("./ask.ts", import.meta.url),
  readTrainingData: new URL("./read-training-data.ts", import.meta.url),
  indexHelpPages: new URL("./jobs/index-help-pages.ts", import.meta.url),
  trainOnCustomers: new URL("./jobs/train-on-customers.ts", import.meta.url),
} as const;
