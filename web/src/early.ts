// Runs before the program itself has come: asks the questions with which every start begins, so that on a slow network their answers
// are there when the program is. `base/http.ts` takes them. Who is not signed in asks nothing.
if (globalThis.anlanEarly === undefined && localStorage.getItem('anlan.in')) {
    const page = location.hash.replace(/[?].*/, '')
    const ask = (address: string) =>
        fetch(address, { headers: { Accept: 'application/json' }, credentials: 'same-origin' }).catch(
            () => null,
        )
    const addresses = ['/api/session', page === '#/todo' ? '/api/todo' : '/api/types']
    globalThis.anlanEarly = Object.fromEntries(addresses.map((address) => [address, ask(address)]))
}
