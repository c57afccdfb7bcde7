import { type ComponentType, type ReactNode, Suspense, lazy } from "react";

/** A component of a module that is fetched when it is first shown: a dialog, an editor. What stands around it stays as it is. */
export function later<P extends object, N extends string>(room: () => Promise<Record<N, ComponentType<P>>>, name: N, meanwhile: ReactNode = null) {
  const Component = lazy(async () => ({ default: (await room())[name] })) as unknown as ComponentType<P>;
  return function Later(props: P) {
    return (
      <Suspense fallback={meanwhile}>
        <Component {...props} />
      </Suspense>
    );
  };
}
