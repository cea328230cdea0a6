// Sections that open: by a link to them, all at once, and for print.
const sections = [...document.querySelectorAll("details.section")];

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const section = target && target.closest("details.section");
  if (section && !section.open) {
    section.open = true;
    target.scrollIntoView();
  }
}

if (sections.length) {
  const button = document.createElement("button");
  button.type = "button";
  const name = () => { button.textContent = sections.every(one => one.open) ? "Close all" : "Open all"; };
  button.addEventListener("click", () => {
    const open = !sections.every(one => one.open);
    for (const one of sections) one.open = open;
    name();
  });
  for (const one of sections) one.addEventListener("toggle", name);
  name();
  const bar = document.createElement("p");
  bar.className = "tools";
  bar.append(button);
  sections[0].before(bar);
  addEventListener("hashchange", openTarget);
  openTarget();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = sections.filter(one => !one.open);
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
}
