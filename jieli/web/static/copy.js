/* Shows the copy buttons of the phrases; without this file people select the text by hand. */
"use strict";
for (const button of document.querySelectorAll("button[data-copy]")) {
  const phrase = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let copied = false;
    try {
      await navigator.clipboard.writeText(phrase.textContent);
      copied = true;
    } catch {
      getSelection().selectAllChildren(phrase);
      copied = document.execCommand("copy");
    }
    if (copied) {
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 2000);
    }
  });
}
