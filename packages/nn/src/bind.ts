import { State } from "@gradus/tensor";
import type { Module } from "./module.ts";
import { Param } from "./param.ts";

/**
 * Names everything in a model by its path, and seeds each parameter's initialiser with (seed, "init/<path>").
 *
 * Values that parameters already have, drawn, loaded or trained, stay. A model that was never bound binds itself with
 * seed 0 when it is first run, saved or loaded, or asked for its parameters. Returns the model.
 */
export function bind<M extends Module>(model: M, seed = 0): M {
  const named = new Set<Module | State>();
  for (const [path, member] of model.walk()) {
    if (named.has(member)) continue;
    named.add(member);
    if (member instanceof Param) member.place(path, seed);
    else if (member instanceof State) member.label = path;
    else paths.set(member, path);
  }
  return model;
}

/** Binds a model with seed 0 unless it, or a model it is part of, has been bound. */
export function bindOnce(model: Module): void {
  if (!paths.has(model)) bind(model);
}

/** The way to a module from the model it was bound in; empty for the model itself. */
export function pathOf(module: Module): string {
  return paths.get(module) ?? "";
}

const paths = new WeakMap<Module, string>();
