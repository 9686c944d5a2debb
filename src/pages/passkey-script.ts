/**
 * Shows the passkey buttons in browsers that support them, and registers a passkey on submit.
 * Follows the protocol of Auth.js (`@auth/core/lib/utils/webauthn-client.js`) with the browser's
 * built-in functions, and reads all that varies from attributes of the forms.
 */
export const passkeyScript = `(() => {
  const Key = window.PublicKeyCredential
  if (!navigator.credentials || !Key || !Key.parseCreationOptionsFromJSON) return
  for (const form of document.querySelectorAll("form[data-passkey-options]")) {
    const button = form.querySelector("button")
    const alert = form.querySelector("[role=alert]")
    form.hidden = false
    form.closest("[data-ways]").hidden = false
    form.addEventListener("submit", async (event) => {
      event.preventDefault()
      button.disabled = true
      alert.textContent = ""
      try {
        const url = new URL(form.dataset.passkeyOptions, location.href)
        for (const field of form.querySelectorAll("[data-passkey-field]")) url.searchParams.set(field.name, field.value)
        const { options } = await (await fetch(url)).json()
        const credential = await navigator.credentials.create({ publicKey: Key.parseCreationOptionsFromJSON(options) })
        form.elements.namedItem("data").value = JSON.stringify(credential.toJSON())
        form.submit()
      } catch (error) {
        console.error(error)
        alert.textContent = form.dataset.passkeyFailed
      } finally {
        button.disabled = false
      }
    })
  }
})()`
