import type { DocumentRecord } from '../document'
import type { Player } from './player.svelte'

/** Shows what plays on the lock screen and lets its keys steer; the answer takes it away. */
export function tellSystem(document: DocumentRecord, player: Player, cover: string | undefined): () => void {
  const session = navigator.mediaSession
  if (!session) return () => {}
  session.metadata = new MediaMetadata({
    title: document.title,
    artist: (document.authors ?? []).join(', '),
    artwork: cover ? [{ src: new URL(cover, location.href).href }] : [],
  })
  const acts: Partial<Record<MediaSessionAction, MediaSessionActionHandler>> = {
    play: () => player.play(),
    pause: () => player.stop(),
    seekbackward: ({ seekOffset }) => player.skip(-(seekOffset ?? 15)),
    seekforward: ({ seekOffset }) => player.skip(seekOffset ?? 30),
    seekto: ({ seekTime }) => player.seek(seekTime ?? 0),
  }
  for (const [act, handler] of Object.entries(acts)) session.setActionHandler(act as MediaSessionAction, handler)
  return () => {
    session.metadata = null
    for (const act of Object.keys(acts)) session.setActionHandler(act as MediaSessionAction, null)
  }
}
