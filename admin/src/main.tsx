import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./ui/base.css";
import { createRoot } from "react-dom/client";
import { Providers } from "./app/providers";

createRoot(document.getElementById("root")!).render(<Providers />);
