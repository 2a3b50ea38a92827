// Small improvements; every page is complete without them.
(function () {
  "use strict";

  function improve(root) {
    // The error summary is read first.
    var summary = root.querySelector("[data-error-summary]");
    if (summary) summary.focus();

    root.querySelectorAll("[data-needs-script]").forEach(function (element) {
      element.hidden = false;
    });

    // References can be copied where the browser allows it.
    if (navigator.clipboard) {
      root.querySelectorAll("button[data-copy]").forEach(function (button) {
        button.hidden = false;
      });
    }
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("button[data-copy]");
    if (button) navigator.clipboard.writeText(button.dataset.copy);
    // An open menu of the top bar closes when one looks elsewhere.
    document.querySelectorAll("details.am-who[open]").forEach(function (open) {
      if (!open.contains(event.target)) open.open = false;
    });
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.am-who[open]").forEach(function (open) {
      open.open = false;
      open.querySelector("summary").focus();
    });
    if (location.hash === "#menu") location.hash = "#top";
  });

  // A form is sent once: a second click within three seconds does nothing.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sentAt && Date.now() - Number(form.dataset.sentAt) < 3000) {
      event.preventDefault();
      return;
    }
    form.dataset.sentAt = String(Date.now());
  });

  // A filter of a list applies as soon as it is chosen.
  document.addEventListener("change", function (event) {
    var select = event.target;
    if (select.tagName === "SELECT" && select.closest("form.am-filters")) {
      select.form.requestSubmit();
    }
  });

  document.addEventListener("htmx:load", function (event) {
    if (event.target !== document.body) improve(event.target);
  });
  improve(document);
})();
