/** Colours and type of the console: slate, one accent, and red kept for what was refused or is wrong. */
import { createTheme, Drawer, Tooltip, type MantineColorsTuple } from "@mantine/core";

const teal: MantineColorsTuple = [
  ...(["#e6f7f8", "#cdecee", "#9ad9dd", "#66c5cb", "#3cb3bb"] as const),
  ...(["#1f9aa4", "#0e7c86", "#0b656d", "#0a5158", "#083f45"] as const),
];

const slate: MantineColorsTuple = [
  ...(["#dfe4ea", "#b9c1cc", "#98a3b1", "#76828f", "#48535f"] as const),
  ...(["#333d48", "#262f39", "#1b232c", "#141b22", "#0e141a"] as const),
];

export const theme = createTheme({
  primaryColor: "teal",
  primaryShade: { light: 7, dark: 5 },
  colors: { teal, dark: slate },
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontFamily: '"Inter Variable", system-ui, sans-serif', fontWeight: "640" },
  defaultRadius: "sm",
  fontSizes: { xs: "11.5px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  components: {
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: true, fz: "xs" } }),
    Drawer: Drawer.extend({
      defaultProps: { position: "right", size: 600, padding: 0, closeButtonProps: { "aria-label": "Close" } },
    }),
  },
});
