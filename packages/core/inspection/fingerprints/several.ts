/** What a passage is called that stands in several registered documents: `proprietary/several-documents`. */
export const severalDocuments = "several-documents";
