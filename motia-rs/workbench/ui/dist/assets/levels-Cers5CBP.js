const t=["debug","info","warn","error"],r={debug:"text-faint",info:"text-api",warn:"text-warn",error:"text-bad"};export{r as L,t as a};
