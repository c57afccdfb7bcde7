/** What the API answers when it refuses, and how it reads to people. */

export interface Detail {
  field?: string;
  rule?: string;
  message: string;
  index?: number;
  relation?: string;
  path?: string;
  /** The record that is meant, and how many there really are, where a write reaches many. */
  id?: string;
  count?: number;
}

/** A refusal of the API, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Detail[] = [],
    readonly traceId: string | null = null,
    readonly etag: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The message for each field that is named: `{name: message}`. */
  get byField(): Record<string, string> {
    const named = this.details.filter((detail) => detail.field);
    return Object.fromEntries(named.map((detail) => [detail.field!, detail.message]));
  }
}

export function isApiError(error: unknown, status?: number): error is ApiError {
  return error instanceof ApiError && (status === undefined || error.status === status);
}
