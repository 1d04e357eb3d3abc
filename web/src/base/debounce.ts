/** Runs `work` once things have been quiet for `quietMs`, but at the latest `latestMs` after the first call. */
export function debounced(work: () => void, quietMs: number, latestMs = quietMs * 4) {
    let timer: ReturnType<typeof setTimeout> | undefined
    let first = 0
    const run = () => {
        timer = undefined
        work()
    }
    const ask = () => {
        const now = Date.now()
        if (timer === undefined) first = now
        else clearTimeout(timer)
        timer = setTimeout(run, Math.max(0, Math.min(quietMs, first + latestMs - now)))
    }
    ask.cancel = () => {
        clearTimeout(timer)
        timer = undefined
    }
    return ask
}
