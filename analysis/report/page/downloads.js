// Buttons that hand out a file of the page.

for (const button of document.querySelectorAll("button[data-packed]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    offer(button.dataset.file, button.dataset.mime, await unpack(button.dataset.packed));
  });
}
