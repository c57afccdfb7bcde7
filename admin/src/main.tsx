import "./ui/mantine.css";
import "./ui/base.css";
import { createRoot } from "react-dom/client";
import { loadLanguage } from "./app/language";
import { Providers } from "./app/providers";

const RELOADED = "rocket.reloaded";
const AGAIN_MS = 60_000;

/** A newer version stands on the server, and the files of this one are gone: the page is loaded anew, but not in a circle. */
window.addEventListener("vite:preloadError", (event) => {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < AGAIN_MS) return;
  event.preventDefault();
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
});

await loadLanguage();
createRoot(document.getElementById("root")!).render(<Providers />);
