import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** In development the API runs beside Vite; `USHER_URL` says where. */
const api = { target: process.env['USHER_URL'] ?? 'http://localhost:7070', changeOrigin: true }

export default defineConfig({
  plugins: [react()],
  // Inline scripts and data: assets would need holes in the content security policy.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 900, reportCompressedSize: false },
  server: { host: '127.0.0.1', proxy: { '/api': api, '/healthz': api } },
})
