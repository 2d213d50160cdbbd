import { releaseProductCopies } from "./products-in-memory.ts";
import { releasePassCopies } from "./stage.ts";

/**
 * Gives back the memory that plain arrays were copied through. The next pass or product takes what it
 * needs.
 */
export function releaseScratch(): void {
  releasePassCopies();
  releaseProductCopies();
}
