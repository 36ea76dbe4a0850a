/** A name from a file as an error may show it: quoted, at most 60 characters, nothing a terminal would act on. */
export function inMessage(name: string): string {
  const shown = name.length > 60 ? `${name.slice(0, 57).toWellFormed()}...` : name;
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
