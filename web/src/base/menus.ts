// Menus (details.menu in style.css) close when something else is touched, and with Escape.
function closeOthers(target: EventTarget | null) {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.menu[open]'))
        if (!(target instanceof Node && menu.contains(target))) menu.open = false
}
if (typeof document !== 'undefined') {
    document.addEventListener('pointerdown', (event) => closeOthers(event.target))
    document.addEventListener('focusin', (event) => closeOthers(event.target))
    document.addEventListener('keydown', (event) => {
        const menu =
            event.key === 'Escape' && document.querySelector<HTMLDetailsElement>('details.menu[open]')
        if (!menu) return
        menu.open = false
        menu.querySelector('summary')?.focus()
    })
}
