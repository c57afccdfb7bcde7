import "./ui/mantine.css";
import "./ui/base.css";
import { createRoot } from "react-dom/client";
import { loadLanguage } from "./app/language";
import { Providers } from "./app/providers";

await loadLanguage();
createRoot(document.getElementById("root")!).render(<Providers />);
