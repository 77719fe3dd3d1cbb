// Corresponding lines light up together.
for (const article of document.querySelectorAll("article")) {
  for (const line of article.querySelectorAll(".twin")) {
    const light = (on) => article.querySelectorAll(".twin").forEach((other) => {
      const shared = other.dataset.twins.split(" ").some((n) => line.dataset.twins.split(" ").includes(n));
      other.classList.toggle("lit", on && shared);
    });
    for (const start of ["pointerenter", "focus"]) line.addEventListener(start, () => light(true));
    for (const end of ["pointerleave", "blur"]) line.addEventListener(end, () => light(false));
  }
}
// The loop, one step at a time: buttons, or the arrow keys.
const stepper = document.getElementById("stepper");
if (stepper) {
  const list = stepper.querySelector(".steps"), steps = [...list.children];
  stepper.insertAdjacentHTML("afterbegin", '<div class="controls"><button>Back</button><button>Next</button><span></span></div>');
  const [back, next] = stepper.querySelectorAll("button"), place = stepper.querySelector(".controls span");
  let at = 0;
  const go = (to) => {
    at = Math.max(0, Math.min(steps.length - 1, to));
    steps.forEach((step, index) => (step.hidden = index !== at));
    place.textContent = `step ${at + 1} of ${steps.length}`;
    back.disabled = at === 0;
    next.disabled = at === steps.length - 1;
  };
  list.classList.add("one");
  list.setAttribute("aria-live", "polite");
  back.onclick = () => go(at - 1);
  next.onclick = () => go(at + 1);
  stepper.onkeydown = (event) => {
    if (event.target.tagName === "PRE") return;
    if (event.key === "ArrowLeft") go(at - 1);
    if (event.key === "ArrowRight") go(at + 1);
  };
  go(0);
}
// Paper shows everything but whole files.
addEventListener("beforeprint", () => {
  document.querySelectorAll("details:not(.code details)").forEach((one) => (one.open = true));
  document.querySelectorAll(".steps li").forEach((step) => (step.hidden = false));
});
