/** What a script tag would load; it has no types of its own. */
declare module "brain-v1/browser.js";
