import type { Player } from './player.svelte'

/** The keys of both players; true if it was one. */
export function mediaKey(event: KeyboardEvent, player: Player): boolean {
  const on = event.target as Element
  if (on.matches('input[type=range], select') && /^(Arrow|Home|End|Page)/.test(event.key)) return false
  if (on.closest('button, select') && (event.key === ' ' || event.key === 'Enter')) return false
  const acts: Record<string, () => void> = {
    ' ': () => player.toggle(),
    k: () => player.toggle(),
    ArrowLeft: () => player.skip(-15),
    ArrowRight: () => player.skip(30),
    j: () => player.skip(-15),
    l: () => player.skip(30),
    ArrowUp: () => player.setVolume(player.volume + 0.1),
    ArrowDown: () => player.setVolume(player.volume - 0.1),
    m: () => player.toggleMuted(),
    Home: () => player.seek(0),
  }
  acts[event.key]?.()
  return event.key in acts
}
