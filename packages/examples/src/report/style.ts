/** How the report looks; its colours come besides. */
export const style = `
  html { color: var(--ink); background: var(--ground); font: 16px/1.5 system-ui, sans-serif }
  body { margin: 0 }
  main { max-width: 828px; margin: 0 auto; padding: 24px 16px 48px }
  h1 { font-size: 1.75rem; line-height: 1.2; margin: 8px 0 12px }
  h2 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 12px }
  a { color: var(--with) }
  figure, section { margin: 40px 0 0; padding: 32px 0 0; border-top: 1px solid var(--faint) }
  figcaption { margin-top: 12px }
  code { font: 0.85em/1.6 ui-monospace, monospace; overflow-wrap: anywhere; padding: 2px 6px; border-radius: 4px; background: color-mix(in srgb, var(--faint) 45%, transparent) }
  svg { max-width: 100%; height: auto; background: none }
  .wide, .narrow { display: flex; flex-wrap: wrap; gap: 16px }
  .narrow { display: none }
  @media (max-width: 640px) { .wide { display: none } .narrow { display: flex } }
  .scroll { overflow-x: auto }
  table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums }
  th, td { padding: 4px 10px 4px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--faint) }
  th { white-space: pre-line; vertical-align: bottom }
  th:first-child, td:first-child, th:nth-child(2), td:nth-child(2), th:last-child, td:last-child { text-align: left }
  td:last-child { white-space: normal; min-width: 9em }
  footer { margin-top: 40px; font-size: 0.85rem; opacity: 0.8 }
`;
