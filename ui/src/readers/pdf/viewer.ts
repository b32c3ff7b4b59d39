import type { PDFDocumentProxy } from 'pdfjs-dist'
import { t } from '../../lib/i18n'
import { components } from './open'

/** Lays a document's pages into a container as one long scroll, drawing only those near the eye. */
export async function show(container: HTMLDivElement, pdf: PDFDocumentProxy, signal: AbortSignal) {
  const { EventBus, PDFFindController, PDFLinkService, PDFViewer, LinkTarget } = await components

  class Links extends PDFLinkService {
    override addLinkAttributes(link: HTMLAnchorElement, url: string): void {
      this.externalLinkEnabled = /^(https?|mailto):/i.test(url)
      super.addLinkAttributes(link, url, true)
    }
  }

  const eventBus = new EventBus()
  const linkService = new Links({ eventBus, externalLinkTarget: LinkTarget.BLANK, externalLinkRel: 'noopener noreferrer nofollow' })
  const findController = new PDFFindController({ eventBus, linkService })
  const viewer = new PDFViewer({
    ...{ abortSignal: signal }, // known to the viewer, not to its types
    container,
    eventBus,
    linkService,
    findController,
    l10n: texts as never,
    annotationMode: 1, // shown, but no form to fill in: what is written there would go nowhere
    annotationEditorMode: -1,
    removePageBorders: true,
    enableAutoLinking: false,
    maxCanvasPixels: 2 ** 24,
  })
  linkService.setViewer(viewer)
  viewer.setDocument(pdf)
  linkService.setDocument(pdf)
  return { viewer, linkService, eventBus }
}

export type Shown = Awaited<ReturnType<typeof show>>

// The few words that pdf.js puts on a page, in the app's language.
const texts = {
  getLanguage: () => document.documentElement.lang,
  getDirection: () => document.documentElement.dir,
  get: async () => '',
  translate: async () => {},
  translateOnce: async (element: Element) => name(element),
  pause: () => {},
  resume: () => {},
  destroy: async () => {},
}

/** Names the pages for those who hear them. */
export function name(element: Element): void {
  for (const page of [element, ...element.querySelectorAll('[data-l10n-id="pdfjs-page-landmark"]')]) {
    const number = page.getAttribute('data-page-number')
    if (number) page.setAttribute('aria-label', t('ui.reader.pageNumber', { Page: Number(number) }))
  }
}
