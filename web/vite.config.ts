import { defineConfig } from 'vitest/config'
import type { Plugin } from 'vite'
import vue from '@vitejs/plugin-vue'

const api = process.env['ANLAN_API'] ?? 'http://127.0.0.1:8089'

/** Puts early.ts in front of everything else in index.html, as a file of its own: it must not wait for the program. */
const early: Plugin = {
    name: 'anlan-early',
    transformIndexHtml: {
        order: 'post',
        handler(_, { bundle, path }) {
            const chunk = Object.values(bundle ?? {}).find(
                (part) => 'isEntry' in part && part.name === 'early',
            )
            if (!chunk || path !== '/index.html') return []
            const attrs = { type: 'module', async: true, src: `/${chunk.fileName}` }
            return [{ tag: 'script', attrs, injectTo: 'head-prepend' }]
        },
    },
}

export default defineConfig({
    plugins: [vue(), early],
    define: { __VUE_OPTIONS_API__: true, __VUE_PROD_DEVTOOLS__: false },
    server: { port: 5173, proxy: { '/api': api, '/healthz': api } },
    build: {
        target: 'es2020',
        // The server's CSP has no data: for scripts or connections, so nothing is inlined.
        assetsInlineLimit: 0,
        chunkSizeWarningLimit: 700,
        manifest: 'assets/manifest.json',
        // The public's entry stands alone: it must not load what the office needs.
        rollupOptions: { input: { index: 'index.html', portal: 'portal.html', early: 'src/early.ts' } },
    },
    test: { include: ['src/**/*.test.ts', 'mock/**/*.test.ts'], environment: 'node' },
})
