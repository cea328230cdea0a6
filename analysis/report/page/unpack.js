// The way back from packed.py: base64 of zlib -> bytes, numbers, texts.

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpackNumbers(text, Type) {
  return new Type((await unpack(text)).buffer);
}

async function unpackTexts(text) {
  return JSON.parse(new TextDecoder().decode(await unpack(text)));
}

function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

function offer(name, mime, bytes) {
  const address = URL.createObjectURL(new Blob([bytes], { type: mime }));
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
