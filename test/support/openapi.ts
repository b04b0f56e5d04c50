/** What a Worker says of its own routes: so that a test of all of them can not forget one. */
import { z } from "zod";

export interface DescribedOperation {
  /** In capitals. */
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
}

const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** Every operation of the Worker at `meshUrl`. */
export async function describedOperations(meshUrl: string): Promise<DescribedOperation[]> {
  const response = await fetch(`${meshUrl}/openapi.json`);
  const { paths } = documentSchema.parse(await response.json());
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
}
