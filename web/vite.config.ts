import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'

const api = process.env['ANLAN_API'] ?? 'http://127.0.0.1:8089'

export default defineConfig({
    plugins: [vue()],
    define: { __VUE_OPTIONS_API__: true, __VUE_PROD_DEVTOOLS__: false },
    server: { port: 5173, proxy: { '/api': api, '/healthz': api } },
    build: {
        target: 'es2020',
        // The server's CSP has no data: for scripts or connections, so nothing is inlined.
        assetsInlineLimit: 0,
        chunkSizeWarningLimit: 700,
        manifest: 'assets/manifest.json',
        // The public's entry stands alone: it must not load what the office needs.
        rollupOptions: { input: { index: 'index.html', portal: 'portal.html' } },
    },
    test: { include: ['src/**/*.test.ts', 'mock/**/*.test.ts'], environment: 'node' },
})
