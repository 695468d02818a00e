// A chosen file is uploaded at once; without this script one presses the button beside it.
"use strict";
for (const input of document.querySelectorAll("input[data-upload]")) {
  const button = document.getElementById(input.dataset.upload);
  input.addEventListener("change", () => {
    if (!input.files.length || !button) return;
    button.textContent = input.dataset.busy;
    button.form.requestSubmit ? button.form.requestSubmit(button) : button.click();
  });
}
