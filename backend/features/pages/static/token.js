// Moves the one-time token from the link's fragment into the form, and out of the address bar.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  const field = document.getElementById("token");
  field.value = token;
  field.closest(".code").hidden = true;
  history.replaceState(null, "", location.pathname);
  document.querySelector("input[type=password]")?.focus();
}
