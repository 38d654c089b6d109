import { defineConfig, type Plugin } from "vite";

const POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Write the content security policy into the built page only: Vite's development server needs inline styles. */
function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

const API_PATHS = [
  "/session",
  "/layers",
  "/tiles",
  "/codes",
  "/uploads",
  "/jobs",
  "/stages",
  "/buildings",
  "/extracts",
  "/resolve",
];

export default defineConfig({
  base: "./",
  plugins: [contentSecurityPolicy()],
  // MapLibre 6 is built of ES modules, and so is its worker.
  worker: { format: "es" },
  build: {
    target: "es2022",
    chunkSizeWarningLimit: 1600,
    modulePreload: { polyfill: false },
    // A slow machine is no fault of the page.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: { proxy: Object.fromEntries(API_PATHS.map((path) => [path, "http://127.0.0.1:8000"])) },
});
