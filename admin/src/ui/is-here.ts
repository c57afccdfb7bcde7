import { useEffect, useRef } from "react";

/** Whether the component still stands on the screen: what ends later must not lead away somebody who has gone on. */
export function useIsHere(): () => boolean {
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  return () => here.current;
}
