"use strict";

// Relative to this page, so that it works behind any address.
window.SwaggerUIBundle({
  url: new URL("../api-doc/openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  tryItOutEnabled: true,
  validatorUrl: null,
  // The body is sent as clients write it, in one line: over those bytes the example's signature is made. What would not
  // come out as it was written, such as a number of many digits, is sent as it is.
  requestInterceptor: (request) => {
    try {
      const value = JSON.parse(request.body);
      if (JSON.stringify(value, null, 2) === request.body) request.body = JSON.stringify(value);
    } catch {
      // it is no JSON, which the connector says
    }
    return request;
  },
});

// Swagger UI names some of its fields by what stands beside them, which a screen reader does not see.
const names = [
  [".body-param textarea", () => "Request body"],
  [".opblock-section-request-body textarea", () => "Request body"],
  [".parameters-col_description textarea, .parameters-col_description input", (field) => field.closest("tr")?.dataset.paramName],
  [".copy-to-clipboard button", () => "Copy"],
  [".auth-container input", () => "Token"],
  [".close-modal", () => "Close"],
  ["select", (field) => field.closest("label, .content-type-wrapper")?.textContent.trim().split("\n")[0] || "Media type"],
];
new MutationObserver(() => {
  document.querySelector(".modal-btn.authorize[aria-label]")?.removeAttribute("aria-label"); // it has a text, which says something else
  for (const [selector, nameOf] of names) {
    for (const field of document.querySelectorAll(selector)) {
      if (!field.hasAttribute("aria-label")) field.setAttribute("aria-label", nameOf(field) || "Value");
    }
  }
}).observe(document.body, { childList: true, subtree: true });
