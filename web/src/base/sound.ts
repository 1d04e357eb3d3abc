// A short two-tone signal for new urgent alarms. Off until the user asks for it (browsers demand a click first anyway).
import { ref } from 'vue'

const storeKey = 'anlan.sound'
export const soundOn = ref(localStorage.getItem(storeKey) === 'on')
let context: AudioContext | null = null

export function setSound(on: boolean) {
    soundOn.value = on
    localStorage.setItem(storeKey, on ? 'on' : 'off')
    if (on) signal()
}

export function signal() {
    if (!soundOn.value) return
    context ??= new AudioContext()
    const start = context.currentTime
    for (const [delay, pitch] of [
        [0, 880],
        [0.18, 660],
    ] as const) {
        const tone = context.createOscillator()
        const loud = context.createGain()
        tone.frequency.value = pitch
        loud.gain.setValueAtTime(0.2, start + delay)
        loud.gain.exponentialRampToValueAtTime(0.001, start + delay + 0.16)
        tone.connect(loud).connect(context.destination)
        tone.start(start + delay)
        tone.stop(start + delay + 0.17)
    }
}
