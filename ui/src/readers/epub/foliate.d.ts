declare module 'foliate-js/epub.js' {
  export class EPUB {
    constructor(loader: {
      loadText: (name: string) => Promise<string | null>
      loadBlob: (name: string, type?: string) => Promise<Blob | null>
      getSize: (name: string) => number
      sha1?: (text: string) => Promise<Uint8Array>
    })
    init(): Promise<import('./book').Book>
  }
}
declare module 'foliate-js/view.js' {
  export class View extends HTMLElement {
    book: import('./book').Book
    renderer: import('./book').Renderer
    isFixedLayout: boolean
    open(book: import('./book').Book): Promise<void>
    init(options: { lastLocation?: string | undefined; showTextStart?: boolean }): Promise<void>
    goTo(target: string | number): Promise<unknown>
    goToFraction(fraction: number): Promise<void>
    goLeft(): Promise<void>
    goRight(): Promise<void>
    prev(distance?: number): Promise<void>
    next(distance?: number): Promise<void>
    history: { readonly canGoBack: boolean; back(): void }
    getSectionFractions(): number[]
    close(): void
  }
}
declare module 'foliate-js/footnotes.js' {
  export class FootnoteHandler extends EventTarget {
    handle(book: import('./book').Book, event: Event): Promise<void> | undefined
  }
}
