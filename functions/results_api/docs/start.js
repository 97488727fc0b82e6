// Everything comes from where this page came from; a key that the page of results holds is used here too.
"use strict";
addEventListener("DOMContentLoaded", async () => {
  const description = await (await fetch("openapi.json")).json();
  // Whatever the API is called elsewhere: here it is asked at this page's own address.
  description.servers = [{ url: new URL(".", location.href).href.replace(/\/$/, "") }];
  const ui = SwaggerUIBundle({
    dom_id: "#api",
    spec: description,
    docExpansion: "list",
    deepLinking: true,
    filter: true,
    validatorUrl: null,
    tryItOutEnabled: true,
    onComplete: () => {
      const key = sessionStorage.getItem("albufera.key");
      if (key) ui.preauthorizeApiKey("key", key);
    },
  });
});
