// Makes the passkey button of the sign-in page work, and shows it where the browser can do it.
const form = document.querySelector("form[data-passkey]")
const alert = form.querySelector("[role=alert]")
const canParse = "parseRequestOptionsFromJSON" in (window.PublicKeyCredential ?? {})

form.hidden = !canParse
form.addEventListener("submit", async (event) => {
  event.preventDefault()
  alert.textContent = ""
  try {
    const { options } = await (await fetch(form.dataset.passkey)).json()
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
    const credential = await navigator.credentials.get({ publicKey })
    form.elements.namedItem("data").value = JSON.stringify(credential)
    form.submit()
  } catch (error) {
    console.error(error)
    alert.textContent = "No passkey was used. Try again, or choose another way."
  }
})
