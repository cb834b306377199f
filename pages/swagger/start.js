"use strict";

// Relative to this page, so that it works behind any address.
window.SwaggerUIBundle({
  url: new URL("../api-doc/openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
