import type { LibraryStep, Plan } from "@gradus/compile";
import type { Candidate } from "../kernel-table.ts";

/** Candidates for one step, the safe default first. */
export type CandidateList = readonly [Candidate, ...Candidate[]];

/** Decides which candidate computes a library step of a plan. */
export type Choose = (step: LibraryStep, candidates: CandidateList, plan: Plan) => Candidate | Promise<Candidate>;

/** What is best for most, without measuring. */
export const chooseFirst: Choose = (_step, [first]) => first;
