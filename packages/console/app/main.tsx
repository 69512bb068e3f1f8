/** The console's first lines: fonts, styles, and the page. */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "@mantine/core/styles.css";
import "@xyflow/react/dist/style.css";
import "./app.css";
import "../access/pair.css";
import "../estate/estate.css";
import "../ledger/ledger.css";
import "../live/live.css";
import "../people/people.css";
import "../policy/segmentation.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { MantineProvider } from "@mantine/core";
import { z } from "zod";
import { App } from "./app.tsx";
import { theme } from "./theme.ts";

// Compiled schemas would need `unsafe-eval` in the page's policy.
z.config({ jitless: true });

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <App />
    </MantineProvider>
  </StrictMode>,
);
